"""A sifted block as checked columns, and the malformed rows of it.

Every column is read as text: Arrow's typed read gives up a whole block at the first word that is no number, and takes ` 5` and `0x1f`
for one. A column of numbers whose bytes are all digits, at most nine a value, is lawful at one look, and cast only where the numbers are
wanted. Of any other column each different text is judged once, in its dictionary: a bad value costs its block little.
"""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from functools import reduce
from typing import NamedTuple

import pyarrow as pa
import pyarrow.compute as pc
from flight_rules import COLUMNS, MAYBE_MISSING, TEXTS, Sifted
from pyarrow import csv

SCHEMA = pa.schema([(name, pa.string()) for name in COLUMNS])
CONVERT = csv.ConvertOptions(column_types=SCHEMA, null_values=["NA"], strings_can_be_null=True, check_utf8=False)
WHOLE = r"\A-?[0-9]{1,9}\z"
CLOCK = "([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]"
INSTANT = rf"\A(19[7-9][0-9]|2[01][0-9]{{2}}|22[0-5][0-9]|226[01])-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])T{CLOCK}Z\z"

# Scalars are made once: each that is made anew looks for the package dateutil, in vain and on the disk.
NO_TEXT, NO_INSTANT = pa.scalar(None, pa.string()), pa.scalar(None, pa.timestamp("s"))
FALSE, ZERO = pa.scalar(False), pa.scalar(0, pa.int32())


class Flights(NamedTuple):
    """A block's records; the malformed ones among `columns` are false in `lawful`."""

    columns: dict[str, pa.Array]
    """Numbers where wanted, dictionaries for carrier, origin and time_hour, else texts; missing is null."""
    instants: pa.Array
    """Of each of time_hour's different texts, in UTC; null where it is none."""
    lawful: pa.Array
    rejects: list[tuple[int, str]]
    """Line and reason."""


def flights(sifted: Sifted, wanted: frozenset[str]) -> Flights:
    """Checks every column; `wanted` are those whose numbers are asked for."""
    texts, uneven = _texts(sifted)
    columns: dict[str, pa.Array] = {}
    bad: list[pa.Array] = []
    for name in COLUMNS[:-1]:
        column = texts[name]
        columns[name], wrong = _text(column, name) if name in TEXTS else _whole(column, name in wanted)
        bad += wrong
        if column.null_count and name not in MAYBE_MISSING:
            bad.append(column.is_null())
    columns["time_hour"] = times = texts["time_hour"].dictionary_encode()
    instants = _instants(times.dictionary)
    value = _any(bad, len(times))
    time = _any([instants.take(times.indices).is_null()] if instants.null_count or times.null_count else [], len(times))
    rejects = [(odd.line, odd.reason) for odd in sifted.odd if odd.reason]
    rejects += ((sifted.lines.of(row), reason) for row, reason in uneven)
    rejects += _judged(sifted, [row for row, _ in uneven], value, pc.and_not(time, value))
    return Flights(columns, instants, pc.invert(pc.or_(value, time)), rejects)


def _texts(sifted: Sifted) -> tuple[dict[str, pa.Array], list[tuple[int, str]]]:
    """The plain lines and, behind them, the odd records that are lawful; and the rows of the lines without nineteen fields."""
    uneven: list[tuple[int, str]] = []

    def note(row: csv.InvalidRow) -> str:
        uneven.append((row.number - 1, "few" if row.actual_columns < row.expected_columns else "many"))
        return "skip"

    table = SCHEMA.empty_table()
    if sifted.rows:
        read = csv.ReadOptions(use_threads=False, column_names=COLUMNS, block_size=len(sifted.plain) + 1)
        plain = csv.read_csv(pa.py_buffer(sifted.plain), read, csv.ParseOptions(quote_char=False, invalid_row_handler=note), CONVERT)
        table = plain if plain.num_rows else table  # of no rows it makes columns without a type
    if odd := [[None if text == "NA" else text for text in record.fields] for record in sifted.odd if record.fields]:
        extra = [pa.array(column, pa.string()) for column in zip(*odd, strict=True)]
        table = pa.concat_tables([table, pa.table(extra, schema=SCHEMA)])
    columns = zip(COLUMNS, table.columns, strict=True)
    return {name: texts.chunk(0) if texts.num_chunks == 1 else texts.combine_chunks() for name, texts in columns}, uneven


def _whole(texts: pa.Array, wanted: bool) -> tuple[pa.Array, list[pa.Array]]:
    """The numbers, and which are no lawful ones."""
    if _digits(texts):
        return texts.cast(pa.int32()) if wanted else texts, []
    coded = texts.dictionary_encode()
    lawful = pc.match_substring_regex(coded.dictionary, WHOLE)
    numbers = pc.if_else(lawful, coded.dictionary, NO_TEXT).cast(pa.int32())
    wrong = [] if lawful.true_count == len(lawful) else [pc.invert(lawful).take(coded.indices)]
    return numbers.take(coded.indices), wrong


def _digits(texts: pa.Array) -> bool:
    if texts.null_count == len(texts):
        return False
    lengths = pc.min_max(pc.binary_length(texts))
    return bool(lengths["min"].as_py() > 0 and lengths["max"].as_py() <= 9 and texts.buffers()[2].to_pybytes().isdigit())


def _text(texts: pa.Array, name: str) -> tuple[pa.Array, list[pa.Array]]:
    lengths = pc.binary_length(texts)
    wrong = [pc.equal(lengths, ZERO)] if pc.min(lengths).as_py() == 0 else []
    return texts.dictionary_encode() if name in ("carrier", "origin") else texts, wrong


def _instants(texts: pa.Array) -> pa.Array:
    """The form by a pattern; what strptime makes of 30 February is another day."""
    formed = pc.if_else(pc.match_substring_regex(texts, INSTANT), texts, NO_TEXT)
    instants = pc.strptime(formed, format="%Y-%m-%dT%H:%M:%SZ", unit="s", error_is_null=True)
    day = pc.utf8_slice_codeunits(formed, 8, 10).cast(pa.int64())
    return pc.if_else(pc.equal(pc.day(instants), day), instants, NO_INSTANT)


def _any(masks: Sequence[pa.Array], rows: int) -> pa.Array:
    """Null is false: what is missing is told by a mask of its own."""
    return reduce(pc.or_, (pc.fill_null(mask, FALSE) for mask in masks), pa.repeat(FALSE, rows))


def _judged(sifted: Sifted, uneven: list[int], value: pa.Array, time: pa.Array) -> Iterator[tuple[int, str]]:
    """Lines and reasons; of the rows, those without nineteen fields are not counted."""
    gaps = [row - before for before, row in enumerate(uneven)]
    for reason, mask in (("value", value), ("time", time)):
        if mask.true_count:
            for row in pc.indices_nonzero(mask).to_pylist():
                yield sifted.lines.of(row + bisect_right(gaps, row)), reason
