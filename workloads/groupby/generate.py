"""Writes the group-by task's table as CSV, from a seed or from real flights, and prints its manifest.

The file appears under its name only when it is whole. Numbers are in their shortest decimal form (`5`, `0.000001`), never
with an exponent; missing is an empty field. The real table is the same for every seed.
"""

import hashlib
import sys
import tempfile
from pathlib import Path
from typing import Any

import nycflights
import polars as pl
import synthetic
from flights import flights
from request import Mistake, folder, mapping, serve, whole

FILE = "table.csv"


def generate(request: dict[str, Any]) -> dict[str, Any]:
    """Writes `table.csv` into the request's `out` and returns the manifest."""
    params, seed = mapping(request, "params"), whole(request, "seed", 0, 2**64 - 1)
    out, cache = folder(request, "out"), folder(request, "cache")
    with tempfile.TemporaryDirectory(dir=out, prefix=".table-") as aside:
        part = Path(aside, FILE)
        facts = _write(params, seed, cache, part)
        facts |= {"bytes": part.stat().st_size, "sha256": _sha256(part)}
        part.replace(out / FILE)
    return {"inputs": {"table": FILE}, "units": facts["rows"], "facts": facts}


def _write(params: dict[str, Any], seed: int, cache: Path, part: Path) -> dict[str, Any]:
    match params.get("source"):
        case "synthetic":
            return _synthetic(_shape(params), seed, part)
        case "flights":
            _only(params, {"source", "rows"})
            whole(params, "rows", nycflights.ROWS, nycflights.ROWS)
            return _flights(cache, part)
        case other:
            raise Mistake(f"`source` is {other!r}; give 'synthetic' or 'flights'")


def _shape(params: dict[str, Any]) -> synthetic.Shape:
    _only(params, {"source", "rows", "k", "na", "sort"})
    rows = whole(params, "rows", 1, 10**9)
    return synthetic.Shape(rows, whole(params, "k", 1, rows), whole(params, "na", 0, 100), whole(params, "sort", 0, 1))


def _only(params: dict[str, Any], known: set[str]) -> None:
    if unknown := sorted(set(params) - known):
        raise Mistake(f"`params` has unknown {', '.join(unknown)}; known here: {', '.join(sorted(known))}")


def _synthetic(shape: synthetic.Shape, seed: int, part: Path) -> dict[str, Any]:
    drawn = synthetic.columns(shape, seed)
    target = part.with_suffix(".unsorted") if shape.sort else part
    with target.open("wb") as file:
        written = 0
        for size in shape.blocks():
            block = pl.DataFrame([column.block(size) for column in drawn])
            block.write_csv(file, include_header=not written, quote_style="never", float_scientific=False)
            written += size
            _progress(written, size, shape.rows)
    if shape.sort:
        synthetic.sort_table(target, part)
    return {
        "rows": shape.rows,
        "missing": {column.name: column.missing for column in drawn},
        "distinct": {column.name: column.distinct for column in drawn},
    }


def _flights(cache: Path, part: Path) -> dict[str, Any]:
    frame = flights(cache)
    frame.write_csv(part, quote_style="never")
    return {
        "rows": frame.height,
        "missing": {name: frame[name].null_count() for name in frame.columns},
        "distinct": {name: frame[name].drop_nulls().n_unique() for name in frame.columns},
        "origin": nycflights.ORIGIN,
    }


def _progress(written: int, size: int, rows: int) -> None:
    """A line each tenth of the way."""
    if 10 * written // rows > 10 * (written - size) // rows and rows > size:
        print(f"generate: {written:,} of {rows:,} rows", file=sys.stderr)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


if __name__ == "__main__":
    sys.exit(serve("generate", generate))
