"""An implementation of csv-etl that repeats what the oracle says, in CSV alone; or does the one thing that its argument names."""

import csv
import json
import os
import signal
import sys
import time
import tomllib
from datetime import datetime
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "scripts"))
from nasty_run.truth import Oracle, Row, Truth  # noqa: E402

WORKLOAD = ROOT / "workloads" / "csv-etl"
SPEC = {step["name"]: step for step in tomllib.loads((WORKLOAD / "workload.toml").read_text())["steps"]}


def send(event: str, **fields: Any) -> None:
    print(json.dumps({"event": event, **fields}), flush=True)


def text(value: Any) -> Any:
    return f"{value:%Y-%m-%dT%H:%M:%SZ}" if isinstance(value, datetime) else value


def write(path: Path, columns: list[str], rows: list[Row]) -> None:
    with path.open("w", newline="") as file:
        out = csv.writer(file, lineterminator="\n")
        out.writerow(columns)
        out.writerows([text(row[name]) for name in columns] for row in rows)


def answer(step: str, truth: Truth, outputs: Path, fault: str) -> None:
    rows = list(truth.groups if step == "agg" else truth.rows)
    check = {"rows": len(rows), "sums": truth.tally}
    rejects = [{"line": line, "reason": reason} for line, reason in truth.rejects]
    if fault == "loses":
        rows.pop() if rows else None
    if fault == "misjudges" and rejects:
        rejects[0]["reason"] = "value" if rejects[0]["reason"] != "value" else "time"
    write(outputs / f"{step}.csv", [*SPEC[step]["keys"], *SPEC[step]["values"]], rows)
    write(outputs / f"{step}.rejects.csv", ["line", "reason"], rejects)
    send("sample", step=step, check=check)


def main(fault: str) -> int:
    request = json.loads(sys.stdin.readline())
    if fault == "hangs":
        (Path(request["outputs"]) / ".part").mkdir()
        time.sleep(60)
    if fault == "dies":
        os.kill(os.getpid(), signal.SIGKILL)
    flights = Path(request["inputs"]["flights"])
    truth = Oracle(WORKLOAD, flights.parent).truth(flights)
    if truth.refused and fault != "takes":
        send("error", kind="input", message=truth.refused)
        return 1
    for step in request["steps"]:
        answer(step, truth, Path(request["outputs"]), fault)
    send("done")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
