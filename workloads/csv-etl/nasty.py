"""Nasty flights files, one a seed: small in memory, hard on a reader. Low seeds give short files, so that a failure is small.

Unlike generate.py, which keeps spoilt rows apart so that the truth is known without reading, rows here work upon each other:
quotes that a later line closes, just inside the window or just outside it, faults inside faults. Only the oracle knows.
"""

from collections.abc import Callable
from random import Random
from typing import TypeAlias

from records import BOM, COLUMNS, HEADER, LIMIT
from spoil import DAMAGE, FAULTS, NO_NUMBERS, NO_TIMES, NUMBERS, ODD, ODD_TEXTS, TAILNUM, TEXT, TIME, put

FILES = 10_000
"""The seeds that are run: 0 to this, without it."""

Piece: TypeAlias = Callable[[Random], bytes]
"""Bytes of one record or several, without the last one's ending."""

NUMBERS_ODD = (
    *(b"0", b"-0", b"007", b"-5", b"999999999", b"-999999999", b"1000000000"),
    *(b"000000000", b"0000000000", b"NA", b'"NA"', b'"5"', b""),
)
TEXTS = (
    *(b"UA", b"9E", b"EWR", b"JFK", b"XX", b"ZZZ", b"NA", b'"NA"'),
    *(b'"N,14"', b'"a\nb"', b'"a\r\nb"', b'"a""b"', b'"a\tb"', b'""', b"", b"N\t1"),
)
TIMES = (
    *(b"2013-07-04T15:00:00Z", b"2013-12-31T23:59:59Z", b"1970-01-01T00:00:00Z", b"1969-12-31T23:59:59Z", b"2261-12-31T23:00:00Z"),
    *(b"2262-01-01T00:00:00Z", b"2016-02-29T05:00:00Z", b"2000-02-29T00:30:00Z", b"1900-02-29T00:00:00Z", b"2013-02-29T00:00:00Z"),
    *(b"2100-02-29T00:00:00Z", b'"2013-01-05T12:00:00Z"', b"2013-01-06T11:59:59Z", b"2013-01-07T00:00:00Z", b"2013-11-03T06:00:00Z"),
)
BYTES = (
    *(b'"', b'""', b'"""', b'",', b',"', b'"\n', b'\n"', b",", b"\r", b"\n", b"\r\n"),
    *(b"\0", b"\xff", BOM, b"\xc3\xa9", b" ", b"'", b"\\", b"\x1a"),
)
LENGTHS = (LIMIT - 1, LIMIT, LIMIT + 1, LIMIT + 2, LIMIT + 3)
ENDINGS = (b"\n", b"\r\n")


def nasty(seed: int) -> bytes:
    """The file of this seed."""
    rng = Random(seed)  # noqa: S311
    if rng.random() < 0.04:
        return _whole(rng)
    ending = rng.choice((*ENDINGS, b""))
    parts = [rng.choice((b"", b"", b"", BOM)), HEADER, ending or rng.choice(ENDINGS)]
    # A file of kinds that it has drawn: faults of one kind meet more often than if each record drew from all.
    kinds = rng.choices(PIECES, WEIGHTS, k=rng.randint(1, 4))
    for _ in range(rng.randint(0, 1 + min(seed // 100, 59))):
        parts += [rng.choice(kinds)(rng), ending or rng.choice(ENDINGS)]
    if rng.random() < 0.3:
        parts[-1] = rng.choice((b"", b"", b"\r", b"\r\r\n", b"\n\n", b'"', b"\0"))
    return b"".join(parts)


def _whole(rng: Random) -> bytes:
    """A file whose beginning is wrong, or a header alone."""
    rows = b"\n" + b",".join(_row(rng)) + b"\n"
    table = HEADER + rows
    lone = (b"", b"\n", b"\r\n", b"\0" * 64, b'"', BOM, HEADER[:-1], HEADER, BOM + HEADER, HEADER + b"\n", BOM + HEADER + b"\r\n")
    # gzip, zip, zstd, and what a PDF and a Parquet file begin with.
    packed = (b"\x1f\x8b\x08\0\0\0\0\0\x02\xff", b"PK\x03\x04", b"\x28\xb5\x2f\xfd", b"%PDF-1.7\n", b"PAR1")
    before = (*packed, BOM * 2, b" ", b"\n", b"sep=,\n")
    after = (b"\r", b",", b" ", b"\0", HEADER, b"," + b"x" * 5000, b"\n")
    other = (
        *(HEADER.upper(), HEADER[:-1], HEADER.replace(b"day,", b"", 1), HEADER.replace(b",", b";"), b'"year"' + HEADER[4:], b""),
        *(HEADER.replace(b"year,month", b"month,year"), b"carrier,name"),
    )
    encoded = tuple(table.decode().encode(name) for name in ("utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-7", "cp037"))
    made = (*(magic + table for magic in before), *(HEADER + more + rows for more in after), *(header + rows for header in other))
    return rng.choice((*lone, *made, *encoded))


def _row(rng: Random) -> list[bytes]:
    """A lawful row, as they come."""
    fields = b"2013,7,4,1115,1100,15,1310,1305,5,UA,1545,N14228,EWR,IAH,227,1400,11,0,2013-07-04T15:00:00Z".split(b",")
    fields[5], fields[8] = (str(rng.randint(-30, 90)).encode() for _ in "12")
    fields[14], fields[15] = str(rng.randint(1, 700)).encode(), str(rng.randint(17, 4983)).encode()
    return fields


def _odd_row(rng: Random) -> list[bytes]:
    """A row with some fields from the edges of what is lawful."""
    fields = _row(rng)
    for _ in range(rng.randint(1, 4)):
        at = rng.randrange(len(COLUMNS))
        fields[at] = rng.choice(TIMES if at == TIME else TEXTS if at in TEXT else NUMBERS_ODD)
    return fields


def _plain(rng: Random) -> bytes:
    return b",".join(_row(rng))


def _edges(rng: Random) -> bytes:
    return b",".join(_odd_row(rng))


def _unlawful(rng: Random) -> bytes:
    at = rng.choice((TIME, rng.choice(NUMBERS), rng.choice(TEXT)))
    choices = NO_TIMES if at == TIME else NO_NUMBERS if at in NUMBERS else ODD_TEXTS
    return put(_odd_row(rng), at, rng.choice(choices).replace(b"{}", b"2013"))


def _spoilt(rng: Random) -> bytes:
    return rng.choice(DAMAGE[rng.choice(list(DAMAGE))])(_row(rng), rng)


def _lawful(rng: Random) -> bytes:
    return rng.choice(ODD)(_row(rng), rng)


def _pricked(rng: Random) -> bytes:
    """A row with a few odd bytes anywhere."""
    row = rng.choice((_plain, _edges, _lawful))(rng)
    for _ in range(rng.randint(1, 3)):
        at = rng.randint(0, len(row))
        row = row[:at] + rng.choice((*BYTES, rng.choice(FAULTS))) + row[at + rng.randint(0, 2) :]
    return row


def _quoted(rng: Random) -> bytes:
    """A row whose fields are quoted, some of them with a fault after or before a quote."""
    fields = [b'"' + field + b'"' if rng.random() < 0.6 else field for field in _row(rng)]
    if rng.random() < 0.4:
        at = rng.randrange(len(fields))
        fields[at] = rng.choice((b" %b", b"%b ", b"%bx", b"x%b", b'%b"', b'"%b', b"%b\r", b"%b\rx", b"%b\n", b'""%b')) % fields[at]
    return b",".join(fields)


def _measured(rng: Random) -> bytes:
    """A record whose length is about the longest that is lawful: plain, quoted, or quoted over several lines."""
    fields, length = _row(rng), rng.choice(LENGTHS)
    quote = rng.choice((b"", b'"'))
    room = length - len(put(fields, TAILNUM, quote * 2))
    filling = rng.choice((b"N" * 50 + b"\n", b"N" * 90 + b",\r\n", b'""', b"N")) if quote else b"N"
    filled = (filling * room)[: room - 1]
    # No half of a doubled quote, no CR without its LF.
    filled = filled[: len(filled) // len(filling) * len(filling)]
    return put(fields, TAILNUM, quote + filled + b"N" * (room - len(filled)) + quote)


def _window(rng: Random) -> bytes:
    """A quote that a later line closes: far inside the window, at its edge, or just outside; whole rows lie in between."""
    head, tail = _row(rng)[:TAILNUM], _row(rng)[TAILNUM + 1 :]
    before, after = b",".join(head) + b',"N', b'",' + b",".join(tail)
    length = rng.choice((*LENGTHS, rng.randint(200, LIMIT)))
    ending = rng.choice(ENDINGS)
    between = b""
    while len(before) + len(between) + len(after) + 110 < length:
        between += ending + _plain(rng)
    room = length - len(before) - len(between) - len(after)
    return before + between + b"n" * max(room, 0) + rng.choice((after, after, after[1:], b'"x' + after))


def _unterminated(rng: Random) -> bytes:
    """Lines in sequence, each with a quote that nothing of its own closes."""
    lines = [put(_row(rng), rng.choice(TEXT), rng.choice((b'"N', b'"', b'N"', b'"N""', b'"N,'))) for _ in range(rng.randint(1, 4))]
    return rng.choice(ENDINGS).join(lines)


def _scrap(rng: Random) -> bytes:
    """What is hardly a row at all."""
    tiny = (b"", b"\r", b" ", b",", b'"', b'""', b'"""', b'","', b'"\r', b'""\r', b'"\n"', b'"\n\n\n', b"\n", b"\0", b"\xff", BOM)
    rows = (HEADER, b"," * 17, b"," * 18, b'"",' * 18 + b'""', b"NA," * 18 + b"NA", b"\r" * 5, b"\x1f\x8b")
    full = (b"," * LIMIT, b"x" * LIMIT, b"x" * (LIMIT + 1), b'"' * LIMIT, b'"' * (LIMIT - 1))
    drawn = (rng.randbytes(rng.randint(1, 40)), b"x" * rng.choice((5000, 8192, 70_000)))
    return rng.choice((*tiny, *rows, *full, *drawn))


PIECES: tuple[Piece, ...] = (
    *(_plain, _edges, _unlawful, _spoilt, _lawful, _pricked),
    *(_quoted, _measured, _window, _unterminated, _scrap),
)
WEIGHTS = (4, 4, 2, 3, 3, 4, 3, 2, 3, 2, 1)
