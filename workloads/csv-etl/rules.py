"""Judges a record by the letter of workload.toml: the first reason that applies, or its nineteen fields as text."""

import re
from datetime import datetime
from functools import lru_cache

from records import COLUMNS, LIMIT, Record

REASONS = ("long", "nul", "utf8", "quote", "few", "many", "value", "time")
TEXT = ("carrier", "tailnum", "origin", "dest")
MISSING = ("dep_time", "dep_delay", "arr_time", "arr_delay", "air_time", "tailnum")
"""Where `NA` is lawful."""

NUMBER = re.compile("-?[0-9]{1,9}")
TIME = re.compile("([0-9]{4})-([0-9]{2})-([0-9]{2})T([0-9]{2}):([0-9]{2}):([0-9]{2})Z")


def judge(record: Record) -> tuple[str | None, list[str]]:
    """Why the record is malformed, or None; then its fields, unquoted."""
    if len(record.content) > LIMIT:
        return "long", []
    if b"\0" in record.content:
        return "nul", []
    try:
        # Python's decoder is strict: no overlong forms, no surrogates, nothing above U+10FFFF.
        record.content.decode("utf-8")
    except UnicodeDecodeError:
        return "utf8", []
    if record.fields is None:
        return "quote", []
    if len(record.fields) != len(COLUMNS):
        return "few" if len(record.fields) < len(COLUMNS) else "many", []
    fields = [field.decode("utf-8") for field in record.fields]
    if not all(lawful(name, field) for name, field in zip(COLUMNS[:-1], fields, strict=False)):
        return "value", []
    return ("time", []) if instant(fields[-1]) is None else (None, fields)


def lawful(name: str, field: str) -> bool:
    """Whether a column other than time_hour may hold this."""
    if field == "NA":
        return name in MISSING
    return field != "" if name in TEXT else NUMBER.fullmatch(field) is not None


@lru_cache(1 << 16)
def instant(field: str) -> datetime | None:
    """The instant that time_hour names, in UTC (without a zone, as all are), or None where it names none."""
    match = TIME.fullmatch(field)
    if not match or not 1970 <= int(match[1]) <= 2261:
        return None
    try:
        return datetime(*map(int, match.groups()))  # type: ignore[arg-type]
    except ValueError:
        return None


def _plain() -> re.Pattern[bytes]:
    number = b"-?[0-9]{1,9}"
    shapes = []
    for name in COLUMNS[:-1]:
        shape = b"(?!NA,)[#-+\\--~]+" if name in TEXT else number
        shapes.append(b"(?:" + shape + b"|NA)" if name in MISSING else shape)
    return re.compile(b",".join([*shapes, TIME.pattern.encode()]))


PLAIN = _plain()
"""Matches only lawful records, most of them: printable ASCII without blanks or quotes."""


def quick(record: Record) -> tuple[str | None, list[str]]:
    """What `judge` says, sooner for a plain record: none of its reasons can apply to one."""
    if len(record.content) <= LIMIT and PLAIN.fullmatch(record.content):
        fields = record.content.decode("ascii").split(",")
        if instant(fields[-1]):
            return None, fields
    return judge(record)
