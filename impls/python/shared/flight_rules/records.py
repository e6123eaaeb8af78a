"""One odd record: framed at its first line, decoded, unquoted and judged; by RFC 4180 where its first line has a quote."""

import csv
import re
from typing import NamedTuple

from flight_rules.rules import LIMIT, judge

# Possessive throughout: no backtracking, so an unterminated quote costs one look at 4,096 bytes.
_FIELD = rb'(?:"(?:[^"]|"")*+"|[^",\r\n]*+)'
_RECORD = re.compile(_FIELD + rb"(?:," + _FIELD + rb")*+")
ENDING = 2
"""Bytes of the longest ending of a record, CRLF."""


class Odd(NamedTuple):
    """A record that is not plain: its first line's number, and either its fields or why it is malformed."""

    line: int
    fields: list[str] | None
    reason: str | None


def read(block: bytes, start: int, line: int) -> tuple[int, Odd]:
    """Where the next record begins, and the one at `start`; the block has LF after each line, also where the file ends without."""
    after = block.index(b"\n", start) + 1
    quoted = block.find(b'"', start, after) >= 0
    if quoted and (end := _end_of_quoted(block, start)) is not None:
        after = block.index(b"\n", end) + 1
        return after, _judged(block[start:end], line, quoted=True)
    content = _without_ending(block[start:after])
    # Either sign: its quotes could not be read, or an unquoted field holds a CR.
    return after, _judged(content, line, quoted=False, broken=quoted or b"\r" in content)


def _end_of_quoted(block: bytes, start: int) -> int | None:
    """Where the record's content ends, None where its quotes cannot be read within the limit."""
    found = _RECORD.match(block, start, min(start + LIMIT, len(block)))
    assert found is not None  # the pattern matches the empty record
    end = found.end()
    return end if block.startswith((b"\n", b"\r\n"), end) else None


def _without_ending(line: bytes) -> bytes:
    return line[:-2] if line.endswith(b"\r\n") else line[:-1]


def _judged(content: bytes, line: int, *, quoted: bool, broken: bool = False) -> Odd:
    reason, fields = _fields(content, quoted, broken)
    reason = reason or judge(fields)
    return Odd(line, None if reason else fields, reason)


def _fields(content: bytes, quoted: bool, broken: bool) -> tuple[str | None, list[str]]:
    if len(content) > LIMIT:
        return "long", []
    if b"\0" in content:
        return "nul", []
    try:
        text = content.decode()
    except UnicodeDecodeError:
        return "utf8", []
    if broken:
        return "quote", []
    # The pattern has made sure that the record is RFC 4180's, where the module and the rules agree on what its fields are.
    return None, next(csv.reader([text], strict=True)) if quoted else text.split(",")
