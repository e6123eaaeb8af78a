"""Truth of the workload `keep`, by Polars."""

import json
import sys
from datetime import UTC, datetime
from pathlib import Path

import polars as pl


def main() -> None:
    """Read the request, write the answers of the steps asked for, say which."""
    ask = json.load(sys.stdin)
    table = pl.read_csv(ask["inputs"]["table"], schema={"key": pl.String, "n": pl.Int64, "x": pl.Float64}).with_row_index("line", 2)
    start = pl.lit(datetime(2013, 1, 1, tzinfo=UTC))
    at = start + pl.duration(seconds=pl.col("line").cast(pl.Int64) % 3600)
    kept = table.filter(pl.col("n").is_not_null()).select(pl.col("line").cast(pl.Int64), "key", at.alias("at"), "n", "x")
    answers = {
        "kept": kept,
        "kept.rest": table.filter(pl.col("n").is_null()).select(pl.col("line").cast(pl.Int64)),
        "rows": table.group_by("key").agg(pl.len().cast(pl.Int64).alias("rows")),
    }
    for name, answer in answers.items():
        if name.partition(".")[0] in ask["steps"]:
            answer.write_parquet(Path(ask["out"]) / f"{name}.parquet")
    print(json.dumps({"steps": ask["steps"], "tallies": {"kept": {"read": table.height, "kept": kept.height}}}))


if __name__ == "__main__":
    main()
