"""Input of the workload `doubling`: bodies of requests."""

import json
import random
import sys
from pathlib import Path


def main() -> None:
    """Read the request, write requests.jsonl, say what was made."""
    ask = json.load(sys.stdin)
    rng, count = random.Random(ask["seed"]), ask["params"]["bodies"]
    lines = [json.dumps({"n": rng.randrange(1000)}) for _ in range(count)]
    Path(ask["out"], "requests.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    print(json.dumps({"inputs": {"requests": "requests.jsonl"}, "units": count, "facts": {}}))


if __name__ == "__main__":
    main()
