"""Spoils a row of flights so that it is malformed for exactly one stated reason, in many forms; or makes it odd but lawful.

Rows stay apart whatever their neighbours are: in every row, the byte after the first double quote is neither a quote nor
anything that may follow a closing one. So where an unterminated quote is read on, that reading fails at the next quote
of another row (or at 4,096 bytes), and costs its own line alone.
"""

from collections.abc import Callable, Sequence
from random import Random
from typing import TypeAlias

LIMIT = 4096
Fields: TypeAlias = Sequence[bytes]
Form: TypeAlias = Callable[[Fields, Random], bytes]
"""From a lawful row's fields to the bytes of a record; LF is added."""

CARRIER, TAILNUM, ORIGIN, DEST, TIME = 9, 11, 12, 13, 18
TEXT = (CARRIER, TAILNUM, ORIGIN, DEST)
MISSING = (3, 5, 6, 8, 14)
WHOLE = (0, 1, 2, 4, 7, 10, 15, 16, 17)
NUMBERS = (*MISSING, *WHOLE)

# Truncated, overlong, surrogates, lone continuations, above U+10FFFF, never lawful, Latin-1, UTF-16 in surrogates (CESU-8).
FAULTS = (
    *(b"\xc3", b"\xe2\x82", b"\xf0\x9f\x9b"),
    *(b"\xc0\xaf", b"\xc1\xbf", b"\xe0\x80\xaf", b"\xe0\x9f\xbf", b"\xf0\x80\x80\xaf", b"\xf0\x8f\xbf\xbf"),
    *(b"\xed\xa0\x80", b"\xed\xbf\xbf", b"\xed\xa0\xbd\xed\xb8\x80"),
    *(b"\x80", b"\xbf\xbf", b"\xf4\x90\x80\x80", b"\xf5\x80\x80\x80", b"\xff", b"\xfe", b"Z\xfcrich"),
)
NO_NUMBERS = (
    *(b"abc", b"12.5", b"5.0", b"+5", b" 5", b"5 ", b"\t5", b"1234567890", b"-1234567890", b"", b"-", b"--5", b"5-", b"5e3"),
    *(b"0x1F", b"1_000", b"NULL", b"nan", b"na", b"NA ", b"inf", b"true", "١٢".encode(), "５".encode(), "−5".encode()),
    *(b'"1,5"', b'" 5"', b'"5\n"', b'"5 "', b'"5""5"', b"\xef\xbb\xbf5"),
)
NO_TIMES = (
    *(b"{}-13-01T10:00:00Z", b"{}-00-10T10:00:00Z", b"{}-02-30T10:00:00Z", b"{}-04-31T10:00:00Z", b"{}-01-00T10:00:00Z"),
    *(b"{}-01-01T24:00:00Z", b"{}-01-01T10:60:00Z", b"{}-01-01T10:00:60Z", b"{}-01-01T10:00:00", b"{}-01-01 10:00:00Z"),
    *(b"{}-01-01T10:00:00z", b"{}-01-01t10:00:00Z", b"{}-01-01T10:00:00+00:00", b"{}-01-01T10:00:00.000Z", b"{}-1-1T10:00:00Z"),
    *(b"{}-01-01", b"{}-01-01T10:00Z", b"{}/01/01T10:00:00Z", b" {}-01-01T10:00:00Z", b"{}-01-01T10:00:00Z ", b"01-01-{}T10:00:00Z"),
    *(b"1969-12-31T23:59:59Z", b"2262-01-01T00:00:00Z", b"0000-01-01T00:00:00Z", b"1900-01-01T10:00:00Z", b"2100-02-29T10:00:00Z"),
    *(b"", b"NA", b"now", b"1357034400", b'"{}-02-29T10:00:00"', "{}-01-01T1０:00Z".encode(), b"+{}-1-01T10:00:00Z"),
)
ODD_TEXTS = (
    *(b'"N,14"', b'"N1\n4"', b'"N1\r\n4"', b'"N1\r4"', b'"N""14"', b'"N1,""2""\n,\n3"', b'"N14"', b'"NA"', b'"N1,"', b'"N1\n"', b'"N"""'),
    *("Ñ142é".encode(), "N🛫4".encode(), "\U0010ffff".encode(), b"\xef\xbb\xbfN14"),
    *("N\u20282".encode(), "N\x852".encode(), "\ud7ff\ue000".encode()),
    *(b" N14 ", b"N\t14", b"N\x0b1\x0c4", b"N\x1a14", b"N\x1c4", b"N'14'", b"N\\n14", b"N\\", b"#N14", b"N;14|", b"=1+1", b"\x7f"),
    *(b"NULL", b"null", b"NaN", b"nan", b"None", b"#N/A", b"na", b"NA ", b"N/A", b"-", b"0", b"1e5", b"true", b"\\N", b"."),
)


def put(fields: Fields, at: int, value: bytes) -> bytes:
    """The row with another field."""
    return b",".join([*fields[:at], value, *fields[at + 1 :]])


def _into(value: bytes, rng: Random, what: bytes) -> bytes:
    at = rng.randrange(len(value) + 1)
    return value[:at] + what + value[at:]


def _filled(fields: Fields, length: int, quote: bytes = b"") -> bytes:
    """The row with a tailnum so long that it has `length` bytes."""
    room = length - len(put(fields, TAILNUM, quote + quote))
    return put(fields, TAILNUM, quote + b"N" * room + quote)


def _quoted(fields: Fields, at: int) -> bytes:
    return put(fields, at, b'"' + fields[at] + b'"')


def _somewhere(fields: Fields, rng: Random, what: bytes) -> bytes:
    at = rng.randrange(len(fields))
    return put(fields, at, _into(fields[at], rng, what))


def _joined_fields(fields: Fields, rng: Random) -> bytes:
    at = rng.randrange(len(fields) - 1)
    return b",".join([*fields[:at], fields[at] + fields[at + 1], *fields[at + 2 :]])


def _text_split(fields: Fields, rng: Random) -> bytes:
    at = rng.choice(TEXT)
    return put(fields, at, fields[at][:1] + b"," + fields[at][1:])


def _no_number(fields: Fields, rng: Random) -> bytes:
    return put(fields, rng.choice(NUMBERS), rng.choice(NO_NUMBERS))


def _no_time(fields: Fields, rng: Random) -> bytes:
    return put(fields, TIME, rng.choice(NO_TIMES).replace(b"{}", b"2013"))


def _quoted_text(fields: Fields, rng: Random, form: bytes) -> bytes:
    at = rng.choice(TEXT)
    return put(fields, at, form.replace(b"*", fields[at]))


DAMAGE: dict[str, tuple[Form, ...]] = {
    "long": (
        lambda f, r: put(f, r.choice(TEXT), b"N" * 5000),
        lambda f, r: put(f, r.choice(TEXT), b'"' + b"N" * 5000 + b'"'),
        lambda f, r: put(f, r.choice(NUMBERS), b"7" * 5000),
        lambda f, r: _filled(f, LIMIT + 1),
        lambda f, r: _filled(f, LIMIT + 1) + b"\r",
        lambda f, r: b",".join(f) + b"," * 5000,
        lambda f, r: put(f, r.choice(TEXT), b"\0\xff" * 2500),
        lambda f, r: put(f, TAILNUM, b'"' + b"N" * 5000),
    ),
    "nul": (
        lambda f, r: _somewhere(f, r, b"\0"),
        lambda f, r: put(f, r.choice(NUMBERS), b"\0"),
        lambda f, r: b",".join(f) + b"\0",
        lambda f, r: b"\0" + b",".join(f),
        lambda f, r: b"\0" * len(b",".join(f)),
        lambda f, r: _quoted_text(f, r, b'"*\0"'),
        lambda f, r: _somewhere(f, r, b"\0\xff"),
        lambda f, r: put(f, TAILNUM, b'"N\0'),
        lambda f, r: b",".join(f[:-1]) + b"\0",
    ),
    "utf8": (
        lambda f, r: _somewhere(f, r, r.choice(FAULTS)),
        lambda f, r: put(f, r.choice(TEXT), r.choice(FAULTS)),
        lambda f, r: b",".join(f) + r.choice(FAULTS),
        lambda f, r: _quoted_text(f, r, b'"*' + r.choice(FAULTS) + b'"'),
        lambda f, r: _quoted_text(f, r, b'"*' + r.choice(FAULTS)),
        lambda f, r: b",".join(f[:-1]) + r.choice(FAULTS),
        lambda f, r: put(f, TAILNUM, b"N" + r.choice(FAULTS)) + b"\r",
    ),
    "quote": (
        lambda f, r: _quoted_text(f, r, b'"*'),
        lambda f, r: put(f, r.choice(WHOLE), b'"5'),
        lambda f, r: put(f, TIME, b'"' + f[TIME]),
        lambda f, r: put(f, TAILNUM, b'N"14'),
        lambda f, r: _quoted_text(f, r, b'"*"x'),
        lambda f, r: _quoted_text(f, r, b' "*"'),
        lambda f, r: _quoted_text(f, r, b'"*" '),
        lambda f, r: put(f, TAILNUM, b'"N""14'),
        lambda f, r: _quoted_text(f, r, b"*\rx"),
        lambda f, r: _quoted_text(f, r, b'"*"\rx'),
        lambda f, r: b",".join(f) + b"\r\r",
        lambda f, r: put(f, r.choice(WHOLE), b'"x"5,6,7'),
    ),
    "few": (
        lambda f, r: b",".join(f[:-1]),
        lambda f, r: b",".join(f[1:]),
        lambda f, r: b",".join(f[: r.randrange(1, len(f))]),
        _joined_fields,
        lambda f, r: b"",
        lambda f, r: b"\r",
        lambda f, r: b"," * (len(f) - 2),
        lambda f, r: b";".join(f),
        lambda f, r: b"\t".join(f),
        lambda f, r: b",".join([*f[:ORIGIN], b'"' + f[ORIGIN] + b"," + f[DEST] + b'"', *f[DEST + 1 :]]),
        lambda f, r: b'"' + b",".join(f) + b'"',
        lambda f, r: b" ",
    ),
    "many": (
        lambda f, r: b",".join(f) + b",",
        lambda f, r: b"," + b",".join(f),
        _text_split,
        lambda f, r: b",".join([*f, *f]),
        lambda f, r: b",".join(f) + b",".join(f),
        lambda f, r: b",".join(f) + b",x,y,z",
        lambda f, r: b",".join([*f[:TAILNUM], b'"N,14"', *f[TAILNUM:]]),
        lambda f, r: b"," * len(f),
    ),
    "value": (
        _no_number,
        _no_number,
        _no_number,
        lambda f, r: put(f, r.choice(WHOLE), b"NA"),
        lambda f, r: put(f, r.choice(WHOLE), b'"NA"'),
        lambda f, r: put(f, r.choice((CARRIER, ORIGIN, DEST)), b"NA"),
        lambda f, r: put(f, r.choice(TEXT), b""),
        lambda f, r: put(f, r.choice(MISSING), b"?")[: -len(f[TIME])] + b"never",
        lambda f, r: b"," * (len(f) - 1),
    ),
    "time": (
        _no_time,
        _no_time,
        _no_time,
        _no_time,
        lambda f, r: put(f, TIME, f[TIME].replace(b"Z", b"Z\x20")),
        lambda f, r: put(f, TIME, b'"' + f[TIME] + b'Z"'),
    ),
}
"""All forms of each reason, in the order in which the reasons apply."""

ODD: tuple[Form, ...] = (
    *(lambda f, r: put(f, TAILNUM, r.choice(ODD_TEXTS)),) * 4,
    lambda f, r: put(f, DEST, r.choice(ODD_TEXTS).replace(b"NA", b"NB")),
    lambda f, r: b",".join(b'"' + field + b'"' for field in f),
    lambda f, r: _quoted(f, r.choice(TEXT)),
    lambda f, r: _quoted(f, r.choice(NUMBERS)),
    lambda f, r: _quoted(f, TIME),
    lambda f, r: put(f, r.choice(MISSING), b'"NA"'),
    lambda f, r: put(f, r.choice((10, 16, 17)), r.choice((b"007", b"-0", b"000000000", b"-999999999", b"999999999"))),
    lambda f, r: b",".join(f) + b"\r",
    lambda f, r: put(f, TAILNUM, b'"N\r\n14"') + b"\r",
    lambda f, r: put(f, CARRIER, r.choice(("É9".encode(), b'"U,A"', b'"U\nA"', b"ua", b"UA "))),
    lambda f, r: put(f, ORIGIN, r.choice((b'"E,R"', "ÜRK".encode(), b"ewr"))),
    lambda f, r: put(f, 14, r.choice((b"0", b"-5", b"00"))),
    lambda f, r: _filled(f, LIMIT),
    lambda f, r: _filled(f, LIMIT) + b"\r",
    lambda f, r: _filled(f, LIMIT, b'"'),
    lambda f, r: _filled(f, LIMIT, b'"') + b"\r",
)
"""Forms of rows that a hasty reader would reject or misread, and the spec does not."""
