"""Input of the workload `keep`: a seeded table, and aside, which of its lines have no number."""

import json
import random
import sys
from pathlib import Path


def main() -> None:
    """Read the request, write table.csv and planted.csv, say what was made."""
    ask = json.load(sys.stdin)
    rng, out = random.Random(ask["seed"]), Path(ask["out"])
    rows, planted = ["key,n,x"], ["line"]
    for line in range(2, ask["params"]["rows"] + 2):
        missing = rng.random() < 0.1
        rows.append(f"k{rng.randrange(ask['params']['k'])},{'' if missing else rng.randrange(1000)},{round(rng.uniform(0, 100), 6)}")
        planted += [str(line)] if missing else []
    for name, lines in (("table.csv", rows), ("planted.csv", planted)):
        (out / name).write_text("\n".join(lines) + "\n", encoding="utf-8")
    print(json.dumps({"inputs": {"table": "table.csv"}, "aside": ["planted.csv"], "units": len(rows) - 1, "facts": {}}))


if __name__ == "__main__":
    main()
