"""The table G1_{rows}_{k}_{na}_{sort} of db-benchmark, drawn block by block: equal parameters and seed give equal bytes,
in memory that depends on neither the rows nor the number of groups.

Every column has two PCG64 streams of its own, one for values and one for gaps, so no column depends on another.

Missing values follow db-benchmark: in each of the nine columns, independently, exactly floor(rows * na / 100) rows are
drawn without replacement. It draws the positions of a whole column at once; here each block draws how many of the
column's gaps fall into it (hypergeometric) and then which of its rows they are, which has the same distribution.
That makes BLOCK part of what a seed means; the values themselves would be the same in blocks of any size.

Sorted tables follow data.table's `setkey`: text by bytes, numbers by size, missing first. Rows that agree in all six
ids are ordered by v1, v2 and v3's text, so that equal seeds give equal bytes in spite of the parallel sort.
"""

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import duckdb
import numpy as np
import numpy.typing as npt
import polars as pl
from request import Mistake

BLOCK = 1 << 17
SORT_MEMORY = "1GB"
# Up to here the values of a column are worth a table: labels are looked up, and distinct values counted.
SMALL = 1 << 20

COLUMNS = ("id1", "id2", "id3", "id4", "id5", "id6", "v1", "v2", "v3")
READ = """
    FROM read_csv(?, columns = ?, auto_detect = false, header = true, delim = ',', quote = '', escape = '', nullstr = '')"""


@dataclass(frozen=True, slots=True)
class Shape:
    """What db-benchmark writes into the name of a table."""

    rows: int
    k: int
    na: int
    sort: int

    def tops(self) -> dict[str, int | None]:
        """The largest value of each column of whole numbers 1..top; v3 has none."""
        few, many = self.k, self.rows // self.k
        ids = {"id1": few, "id2": few, "id3": many, "id4": few, "id5": few, "id6": many}
        return {**ids, "v1": 5, "v2": 15, "v3": None}

    def blocks(self) -> Iterator[int]:
        """The number of rows of each block."""
        for start in range(0, self.rows, BLOCK):
            yield min(BLOCK, self.rows - start)


class Column:
    """One column's streams, and what has come out of them so far."""

    def __init__(self, name: str, shape: Shape, seed: np.random.SeedSequence) -> None:
        values, gaps = seed.spawn(2)
        self.name, self.top = name, shape.tops()[name]
        self.missing = 0
        self._values = np.random.Generator(np.random.PCG64(values))
        self._gaps = _gaps(np.random.Generator(np.random.PCG64(gaps)), shape)
        self._width = {"id1": 3, "id2": 3, "id3": 10}.get(name)
        small = self.top if self.top is not None and self.top <= SMALL else 0
        self._seen = np.zeros(small + 1, dtype=np.bool_)
        self._labels = self._spell(np.arange(small + 1)) if self._width and small else None

    def block(self, size: int) -> pl.Series:
        """Draws the next `size` values, gaps included."""
        gap = next(self._gaps)
        self.missing += int(gap.sum())
        if self.top is None:
            micro = np.rint(self._values.random(size) * 1e8)
            return _with_gaps(pl.Series(self.name, micro / 1e6), gap)
        # 64-bit integers: numpy draws narrower ones through a buffer that it forgets between calls.
        drawn = self._values.integers(1, self.top, size, dtype=np.int64, endpoint=True)
        if len(self._seen) > 1:
            self._seen[drawn[~gap]] = True
        return _with_gaps(self._text(drawn) if self._width else pl.Series(self.name, drawn), gap)

    @property
    def distinct(self) -> int | None:
        """How many values were drawn so far, missing aside; null where counting them would cost memory."""
        return int(self._seen.sum()) if len(self._seen) > 1 else None

    def _text(self, numbers: npt.NDArray[np.int64]) -> pl.Series:
        return self._spell(numbers) if self._labels is None else self._labels.gather(numbers)

    def _spell(self, numbers: npt.NDArray[np.int64]) -> pl.Series:
        digits = pl.Series(numbers).cast(pl.String).str.zfill(self._width or 0)
        return ("id" + digits).alias(self.name)


def columns(shape: Shape, seed: int) -> list[Column]:
    """The nine columns, each with a seed of its own, before the first draw."""
    seeds = np.random.SeedSequence(seed).spawn(len(COLUMNS))
    return [Column(name, shape, own) for name, own in zip(COLUMNS, seeds, strict=True)]


def sort_table(source: Path, target: Path) -> None:
    """Sorts in DuckDB, which spills beside the target; v3 stays the text that it was."""
    text = ("id1", "id2", "id3", "v3")
    types = {name: "VARCHAR" if name in text else "BIGINT" for name in COLUMNS}
    try:
        with tempfile.TemporaryDirectory(dir=target.parent, prefix=".sort-") as spill, duckdb.connect() as engine:
            engine.execute(f"SET memory_limit = '{SORT_MEMORY}'")
            engine.execute("SET temp_directory = $spill", {"spill": spill})
            engine.execute("SET default_null_order = 'nulls_first'")
            rows = engine.sql(READ, params=[str(source), types])
            rows.order("ALL").write_csv(str(target), header=True, sep=",", quotechar="")
    except duckdb.Error as error:
        raise Mistake(f"DuckDB could not sort {target}: {error}") from error


def _gaps(rng: np.random.Generator, shape: Shape) -> Iterator[npt.NDArray[np.bool_]]:
    rows, gaps = shape.rows, shape.rows * shape.na // 100
    for size in shape.blocks():
        mask = np.zeros(size, dtype=np.bool_)
        if gaps:
            # numpy's hypergeometric ends below 1e9; where all that is left is missing there is nothing to draw.
            here = int(rng.hypergeometric(gaps, rows - gaps, size)) if gaps < rows else size
            mask[rng.choice(size, here, replace=False, shuffle=False)] = True
            gaps -= here
        rows -= size
        yield mask


def _with_gaps(series: pl.Series, gap: npt.NDArray[np.bool_]) -> pl.Series:
    return series.zip_with(pl.Series(~gap), pl.Series([None], dtype=series.dtype)) if gap.any() else series
