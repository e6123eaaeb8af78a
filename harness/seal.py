"""Seals a line of runs.jsonl: its first key is the SHA-256 over the seal before it and the rest of the line, so that an edit shows.

It proves that nobody changed a record by oversight or in passing. Whoever wants to deceive can seal anew; publishing the last seal
elsewhere prevents that.
"""

from __future__ import annotations

import hashlib

_OPEN, _CLOSE = b'{"seal":"', b'",'
_HEX = 64
MEANING = "SHA-256 over the line before's seal (session.json's digest for the first line) and this line without its seal"


def digest(data: bytes) -> str:
    """SHA-256 in hexadecimal."""
    return hashlib.sha256(data).hexdigest()


def opening(session: bytes | None) -> str:
    """What the first line follows: the digest of session.json as it was written, nothing where there is none."""
    return "" if session is None else digest(session)


def close(before: str, body: bytes) -> bytes:
    """The JSON object `body` with its seal; `before` is the seal of the line before."""
    return _OPEN + digest(before.encode() + body).encode() + _CLOSE + body[1:]


def of(line: bytes) -> str | None:
    """The seal that a line bears, None where it bears none."""
    end = len(_OPEN) + _HEX
    if not line.startswith(_OPEN) or line[end : end + len(_CLOSE)] != _CLOSE:
        return None
    return line[len(_OPEN) : end].decode("ascii", "replace")


def holds(before: str, line: bytes) -> bool:
    """Whether the line is as it was sealed, after the line that bore `before`."""
    body = b"{" + line[len(_OPEN) + _HEX + len(_CLOSE) :]
    return of(line) == digest(before.encode() + body)
