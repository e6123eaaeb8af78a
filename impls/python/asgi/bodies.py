"""Bodies in and out by msgspec: types, ranges, missing and unknown fields are checked while the bytes are read, in C.

Promise: what is no lawful body is a Refusal that names the field, and its row in a batch.
"""

from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct
from serving.service import Refusal

Weather = Annotated[float, Meta(ge=-1000, le=1000)] | None


class Flight(Struct, forbid_unknown_fields=True, gc=False):
    """The body of /predict. It lives for one request and holds no cycle: the collector need not know of it."""

    month: Annotated[int, Meta(ge=1, le=12)]
    weekday: Annotated[int, Meta(ge=1, le=7)]
    minute_of_day: Annotated[int, Meta(ge=0, le=1439)]
    distance: Annotated[float, Meta(gt=0, le=10_000)]
    carrier: str
    origin: str
    dest: str
    temp: Weather = None
    wind_speed: Weather = None
    visib: Weather = None
    entity: str | None = None


class Batch(Struct, forbid_unknown_fields=True):
    """The body of /predict/batch."""

    rows: Annotated[list[Flight], Meta(min_length=1, max_length=1024)]


class Rows(Struct):
    """The same, its rows unread: msgspec does not say in which of them a mistake is."""

    rows: list[msgspec.Raw]


_decode_flight = msgspec.json.Decoder(Flight).decode
_decode_batch = msgspec.json.Decoder(Batch).decode
_decode_rows = msgspec.json.Decoder(Rows).decode
_encode = msgspec.json.encode


def flight(body: bytes) -> Flight:
    """One flight."""
    try:
        return _decode_flight(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Refusal(_told(error)) from None


def batch(body: bytes) -> list[Flight]:
    """All flights of a batch."""
    try:
        return _decode_batch(body).rows
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Refusal(_told_of_row(body, str(error)) or _told(error)) from None


def encode(answer: Any) -> bytes:
    """An answer that is not made by hand."""
    return _encode(answer)


def _told(error: Exception) -> str:
    """`$.month` and what is wrong there, as `month: what is wrong there`."""
    what, _, place = str(error).rpartition(" - at `$.")
    return f"{place.removesuffix('`')}: {what}" if what else f"body: {error}"


def _told_of_row(body: bytes, message: str) -> str:
    if "`$.rows[...]" not in message:
        return ""
    for number, row in enumerate(_decode_rows(body).rows):
        try:
            _decode_flight(row)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            return f"rows[{number}].{_told(error)}"
    return ""
