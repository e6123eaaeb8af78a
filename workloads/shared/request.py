"""How every workload's scripts are called: one JSON object in, one out, and a mistake told in one line with exit 1."""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any


class Mistake(Exception):
    """What the caller can put right; its text says what is wrong and what to try."""


def serve(name: str, answer: Callable[[dict[str, Any]], dict[str, Any]]) -> int:
    """Answers the request on standard input and returns the exit code."""
    try:
        print(json.dumps(answer(_request())))
    except (Mistake, OSError) as error:
        print(f"{name}: {' '.join(str(error).split())}", file=sys.stderr)
        return 1
    return 0


def whole(fields: dict[str, Any], key: str, least: int, most: int) -> int:
    """The whole number under `key`, within its bounds."""
    value = fields.get(key)
    # bool is an int to Python, yet `true` is no number of rows.
    if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
        raise Mistake(f"`{key}` is {json.dumps(value)}; give a whole number from {least} to {most}")
    return value


def folder(fields: dict[str, Any], key: str) -> Path:
    """The folder under `key`, made if need be."""
    value = fields.get(key)
    if not isinstance(value, str) or not value:
        raise Mistake(f"`{key}` is {json.dumps(value)}; give the path of a folder")
    path = Path(value)
    path.mkdir(parents=True, exist_ok=True)
    return path


def mapping(fields: dict[str, Any], key: str) -> dict[str, Any]:
    """The JSON object under `key`."""
    value = fields.get(key)
    if not isinstance(value, dict):
        raise Mistake(f"`{key}` is {json.dumps(value)}; give a JSON object")
    return value


def _request() -> dict[str, Any]:
    try:
        request = json.loads(sys.stdin.buffer.read())
    except ValueError as error:
        raise Mistake(f"standard input is not JSON ({error}); give one JSON object") from error
    return mapping({"the request": request}, "the request")
