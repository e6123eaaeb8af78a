"""csv-etl with pyarrow: the CSV reader and the compute kernels, over blocks that are sifted of odd lines first; memory stays flat.

With two threads and more each takes the next block when it is done with one; Arrow releases the interpreter's lock, the sieve does not.
"""

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa
from bench_protocol.contract import Check
from bench_protocol.wire import Request
from cleaning import NUMBERS, kept
from flight_rules import Sifted, sift, write_rejects
from flights import flights
from lookups import Lookups, read
from outputs import CsvRows, Groups, Output, ParquetRows

BLOCK = 1 << 20
OUTPUTS: dict[str, Callable[[Path, Lookups], Output]] = {"agg": Groups, "csv": CsvRows, "parquet": ParquetRows}


class Done(NamedTuple):
    """A finished pass: rows of the main output, and the tally."""

    rows: int
    tally: dict[str, int | float]


class Pass:
    """One pass over the file, shared by its threads."""

    def __init__(self, step: str, blocks: Iterator[Sifted], lookups: Lookups, output: Output) -> None:
        self._kind = "agg" if step == "agg" else "rows"
        self._blocks, self._lookups, self._output = blocks, lookups, output
        self._reading, self._writing = threading.Lock(), threading.Lock()
        self._failed = False
        self.counts: Counter[str] = Counter()
        self.rejects: list[tuple[int, str]] = []

    def work(self) -> None:
        """Takes blocks until there are none; any number of threads do so."""
        try:
            self._work()
        except BaseException:
            self._failed = True  # the others take no more
            raise

    def _work(self) -> None:
        while block := self._next():
            found = flights(block, NUMBERS[self._kind])
            rows = kept(found, self._lookups, self._kind)
            part = self._output.part(rows)
            with self._writing:
                self.counts.update(read=block.rows + len(block.odd), clean=rows.clean, dropped=rows.dropped)
                self.rejects += found.rejects
                self._output.add(part)

    def _next(self) -> Sifted | None:
        with self._reading:
            return None if self._failed else next(self._blocks, None)


class Etl:
    """What a job holds between its passes: nothing of the input's content."""

    def __init__(self, request: Request) -> None:
        self.inputs, self.outputs, self.threads = request.inputs, request.working(), request.threads
        self.read = 0
        """Records of the last pass."""

    def step(self, name: str) -> Done:
        """One pass, from the input files to the finished outputs."""
        blocks = sift(self.inputs["flights"], BLOCK)
        lookups = read(self.inputs["airlines"], self.inputs["weather"])
        with OUTPUTS[name](self.outputs / f"{name}.{'parquet' if name == 'parquet' else 'csv'}", lookups) as output:
            done = Pass(name, blocks, lookups, output)
            _side_by_side(done.work, self.threads)
        rejects = sorted(done.rejects)
        write_rejects(self.outputs / f"{name}.rejects.csv", rejects)
        self.read = done.counts["read"]
        counts: dict[str, int | float] = {name: done.counts[name] for name in ("read", "clean", "dropped")}
        reject_lines = sum(line for line, _ in rejects)
        return Done(output.rows, {**counts, "rejected": len(rejects), "kept": output.kept, "reject_lines": reject_lines})


def _side_by_side(work: Callable[[], None], threads: int) -> None:
    """One thread is this one."""
    if threads == 1:
        return work()
    with ThreadPoolExecutor(threads) as pool:
        for future in [pool.submit(work) for _ in range(threads)]:
            future.result()


def start(threads: int) -> int:
    """Arrow's own pool has no work in it: the readers and kernels here run on the thread that calls them."""
    pa.set_cpu_count(threads)
    return threads


def load(request: Request) -> Etl:
    return Etl(request)


def _step(name: str, etl: Etl) -> Done:
    return etl.step(name)


STEPS = {name: partial(_step, name) for name in OUTPUTS}


def units(etl: Etl) -> int:
    return etl.read


def check(step: str, done: Done) -> Check:
    return {"rows": done.rows, "sums": done.tally}
