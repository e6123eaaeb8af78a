"""The real flights under the names of the synthetic table's columns."""

from pathlib import Path

import nycflights
import polars as pl

COLUMNS = {
    "carrier": "id1",
    "dest": "id2",
    "tailnum": "id3",
    "month": "id4",
    "hour": "id5",
    "flight": "id6",
    "dep_delay": "v1",
    "arr_delay": "v2",
    "air_time": "v3",
}


def flights(cache: Path) -> pl.DataFrame:
    """All flights of the package, in its order."""
    text = nycflights.table(cache, "flights")
    # Types are inferred from all rows: a fraction or a word in a column of whole numbers would show.
    frame = pl.read_csv(text, columns=list(COLUMNS), null_values="NA", infer_schema_length=None)
    return frame.select(pl.col(theirs).alias(ours) for theirs, ours in COLUMNS.items())
