"""Truth of the workload `doubling`."""

import json
import sys
from pathlib import Path

import polars as pl


def main() -> None:
    """Read the request, write the answers of the steps asked for, say which."""
    ask = json.load(sys.stdin)
    numbers = [json.loads(line)["n"] for line in Path(ask["inputs"]["requests"]).read_text(encoding="utf-8").splitlines()]
    for step in ask["steps"]:
        answer = pl.DataFrame({"request": range(len(numbers)), "value": [2.0 * n for n in numbers]})
        answer.write_parquet(Path(ask["out"]) / f"{step}.parquet")
    print(json.dumps({"steps": ask["steps"]}))


if __name__ == "__main__":
    main()
