"""CSV as answers are written: RFC 4180, LF, missing is empty, and a number reads back as the same value."""

import re

_SPECIAL = re.compile(r'[",\r\n]')


def quoted(text: str) -> str:
    """The field, in quotes where it needs them; `csv.writer` before Python 3.13 leaves a CR without."""
    return '"' + text.replace('"', '""') + '"' if _SPECIAL.search(text) else text


def field(value: str | float | None) -> str:
    """Any value as a field."""
    return "" if value is None else quoted(value) if isinstance(value, str) else repr(value)
