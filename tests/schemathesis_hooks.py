"""What JSON Schema can't say of the bodies that schemathesis makes up."""

from typing import Any

import schemathesis

WHOLE = {"month", "weekday", "minute_of_day"}


@schemathesis.hook
def map_body(context: schemathesis.HookContext, body: Any) -> Any:
    """5.0 is an integer to JSON Schema, and no whole number to the contract: written as 5, which is as lawful or unlawful as it was."""
    if isinstance(body, list):
        return [map_body(context, value) for value in body]
    if isinstance(body, dict):
        return {name: _whole(value) if name in WHOLE else map_body(context, value) for name, value in body.items()}
    return body


def _whole(value: Any) -> Any:
    return int(value) if isinstance(value, float) and value.is_integer() else value
