"""csv-etl as a workload: what a variant's csv-etl.py gives to the protocol, all but who shares the work."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from bench_protocol.contract import Check
from bench_protocol.failure import Failure
from bench_protocol.wire import Request
from flight_rules import ranges, write_rejects

from flight_etl.batches import Reject
from flight_etl.cleaning import Part
from flight_etl.groups import Merged
from flight_etl.lookups import Lookups
from flight_etl.rows import Appended
from flight_etl.sharing import MakePool, Task, parts

RANGE = 1 << 22
"""Bytes of the file a worker takes at a time: 45,000 rows, so that all workers end at about the same time."""
SECOND_LINE = 2

_OUTPUTS: "dict[str, type[Merged] | type[Appended]]" = {"agg": Merged, "csv": Appended}


class Done(NamedTuple):
    """What a step came to: rows of its main output, and the tally."""

    rows: int
    tally: dict[str, int]


class Job:
    """What a request asks for. Nothing is read before a step is: everything from file to file is its work."""

    def __init__(self, request: Request, make: MakePool) -> None:
        self.read = 0
        self._inputs = {name: Path(path) for name, path in request.inputs.items()}
        self._outputs = request.working()
        self._workers = request.threads
        self._make = make

    def run(self, step: str) -> Done:
        """The whole step, with whatever starts and ends the workers."""
        self.read = 0
        flights = self._inputs["flights"]
        pieces = ranges(flights, RANGE)
        lookups = Lookups.read(self._inputs["airlines"], self._inputs["weather"])
        sink = _OUTPUTS[step](lookups, self._outputs)
        tally = dict.fromkeys(("read", "clean", "dropped", "rejected", "kept", "reject_lines"), 0)
        found = parts(self._make, self._workers, Task(step, flights, self._outputs, lookups), pieces)
        write_rejects(self._outputs / f"{step}.rejects.csv", _added(found, sink, tally))
        self.read = tally["read"]
        return Done(sink.close(tally["kept"]), tally)


class Etl:
    """The functions of the protocol's contract, for a way to make a pool of workers."""

    def __init__(self, make: MakePool) -> None:
        self._make = make
        self.steps = {step: partial(_run, step) for step in _OUTPUTS}

    def start(self, threads: int) -> int:
        """As many workers as are asked for; they start within the step, as in any job that runs, and ends."""
        return threads

    def load(self, request: Request) -> Job:
        """Nothing is read."""
        return Job(request, self._make)

    def units(self, job: Job) -> int:
        """Records that the last step read."""
        return job.read

    def check(self, step: str, done: Done) -> Check:
        """Counted along the way."""
        return {"rows": done.rows, "sums": dict(done.tally)}

    def write(self, step: str, done: Done, path: Path) -> int:
        """Never asked: every step writes its own outputs."""
        raise Failure("internal", f"{step} has written its answer itself; its request needs outputs")


def _run(step: str, job: Job) -> Done:
    return job.run(step)


def _added(found: Iterator[Part], sink: Any, tally: dict[str, int]) -> Iterator[Reject]:
    """Adds up the parts, and gives their rejects with the file's own line numbers: a range knows only its own."""
    base = SECOND_LINE
    for part in found:
        rejects = [(base + line, reason) for line, reason in part.rejects]
        yield from rejects
        sink.add(part.result)
        base += part.lines
        tally["read"] += part.read
        tally["dropped"] += part.dropped
        tally["kept"] += part.kept
        tally["rejected"] += len(rejects)
        tally["reject_lines"] += sum(line for line, _ in rejects)
    tally["clean"] = tally["read"] - tally["dropped"] - tally["rejected"]
