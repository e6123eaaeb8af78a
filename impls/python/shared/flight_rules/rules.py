"""The values of a record: judges its fields, decoded and unquoted, by the rules from `few` on."""

import re
from collections.abc import Sequence
from datetime import date

REASONS = ("long", "nul", "utf8", "quote", "few", "many", "value", "time")
COLUMNS = (
    "year",
    "month",
    "day",
    "dep_time",
    "sched_dep_time",
    "dep_delay",
    "arr_time",
    "sched_arr_time",
    "arr_delay",
    "carrier",
    "flight",
    "tailnum",
    "origin",
    "dest",
    "air_time",
    "distance",
    "hour",
    "minute",
    "time_hour",
)
TEXTS = ("carrier", "tailnum", "origin", "dest")
MAYBE_MISSING = ("dep_time", "dep_delay", "arr_time", "arr_delay", "air_time", "tailnum")
LIMIT = 4096
"""The most bytes that a record may have, without its ending."""

# [0-9] and not \d, which takes the digits of every script; fullmatch and not $, which lets a last LF through.
_WHOLE = re.compile(r"-?[0-9]{1,9}")
_INSTANT = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})T(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]Z")
_KINDS = tuple((name in TEXTS, name in MAYBE_MISSING) for name in COLUMNS[:-1])


def judge(fields: Sequence[str]) -> str | None:
    """`few`, `many`, `value` or `time`, the first that applies; None where the record is well formed."""
    if len(fields) != len(COLUMNS):
        return "few" if len(fields) < len(COLUMNS) else "many"
    if not all(_lawful(field, *kind) for field, kind in zip(fields, _KINDS, strict=False)):
        return "value"
    return None if is_instant(fields[-1]) else "time"


def is_whole(text: str) -> bool:
    """Stricter than `int`, which takes blanks, underscores, a plus and any number of digits."""
    return _WHOLE.fullmatch(text) is not None


def is_instant(text: str) -> bool:
    """A real date from 1970 to 2261 and a time of day, in UTC, to the second."""
    found = _INSTANT.fullmatch(text)
    if found is None:
        return False
    year, month, day = map(int, found.groups())
    try:
        date(year, month, day)
    except ValueError:
        return False
    return 1970 <= year <= 2261


def _lawful(field: str, text: bool, maybe_missing: bool) -> bool:
    if field == "NA":
        return maybe_missing
    return field != "" if text else is_whole(field)
