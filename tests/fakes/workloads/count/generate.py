"""Input of the workload `count`: a seeded table, written row by row. The same parameters and seed give the same bytes."""

import json
import random
import sys
from pathlib import Path


def main() -> None:
    """Read the request, write table.csv, say what was made."""
    ask = json.load(sys.stdin)
    rows, k = ask["params"]["rows"], ask["params"]["k"]
    rng = random.Random(ask["seed"])
    with (Path(ask["out"]) / "table.csv").open("w", encoding="utf-8", newline="\n") as file:
        file.write("key,n,x\n")
        for _ in range(rows):
            key = rng.randrange(k)
            # Every value of the first key is missing, so that one group has no mean; elsewhere one in twenty is.
            n, x = (str(v) if key and rng.random() > 0.05 else "" for v in (rng.randrange(-50, 50), round(rng.uniform(0, 100), 6)))
            file.write(f"k{key},{n},{x}\n")
    print(json.dumps({"inputs": {"table": "table.csv"}, "units": rows, "facts": {"k": k}}))


if __name__ == "__main__":
    main()
