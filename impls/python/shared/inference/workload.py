"""batch-inference as a workload: what a variant's batch-inference.py gives to the protocol, all but its engines."""

from collections.abc import Mapping
from functools import partial
from itertools import product
from math import fsum, isfinite
from pathlib import Path
from time import monotonic_ns
from typing import Any, NamedTuple

from bench_protocol.answers import write_rows
from bench_protocol.contract import Check
from bench_protocol.failure import Failure
from bench_protocol.wire import Request

from inference.case import Case
from inference.engine import Engine, Holding, Open, Rows
from inference.models import CALL, STREAM
from inference.rows import read


class Loaded:
    """A case, ready to be answered."""

    def __init__(self, case: Case, rows: Rows, engines: dict[str, Engine], phases: dict[str, int]) -> None:
        self.case = case
        self.rows = rows
        self.engines = engines
        self.phases = phases
        self.units = case.rows
        """Rows of the last pass."""


class Result(NamedTuple):
    """A pass's answers, and of a stream the time of each query."""

    out: Any
    width: int
    queries: list[int]

    def values(self) -> list[float]:
        """All answers, row after row."""
        view: Any = memoryview(self.out)
        flat: list[float] = view.cast("B").cast(view.format).tolist()
        return flat


class Inference:
    """The functions of the protocol's contract, for the engines of a variant by model (and CALL) and the way it holds rows."""

    def __init__(self, engines: Mapping[str, Open], holding: Holding, *, one_thread: bool = False) -> None:
        self._engines = engines
        self._holding = holding
        self._one_thread = one_thread
        self.steps = {CALL: partial(self._offline, CALL)} if CALL in engines else {}
        for model in engines.keys() - {CALL}:
            self.steps |= {model: partial(self._offline, model), model + STREAM: partial(self._stream, model)}

    def start(self, threads: int) -> int:
        """An engine's threads are its own; they are made when the model is."""
        return 1 if self._one_thread else threads

    def load(self, request: Request) -> Loaded:
        """The three phases; what stands ready for gbdt-call besides is none of them."""
        case = Case.of(request)
        if case.model not in self._engines:
            raise Failure("unsupported", f"no engine for {case.model} here")
        times = [monotonic_ns()]
        rows = read(case, self._holding)
        times.append(monotonic_ns())
        engine = self._engines[case.model](case)
        times.append(monotonic_ns())
        out = self._holding.room(case.batch, case.spec.width, engine.kind)
        engine.begin(rows, out, case.batch)(0, case.batch)
        times.append(monotonic_ns())
        if not all(map(isfinite, Result(out, case.spec.width, []).values())):
            raise Failure("input", f"the first answers of {case.model} are not finite: its weights cannot be")
        phases = {name: end - begin for name, begin, end in zip(("inputs", "model", "first"), times, times[1:], strict=False)}
        engines = {case.model: engine} | ({CALL: self._engines[CALL](case)} if CALL in request.steps else {})
        return Loaded(case, rows, engines, phases)

    def units(self, loaded: Loaded) -> int:
        """Rows that the last pass answered."""
        return loaded.units

    def check(self, step: str, result: Result) -> Check:
        """Exact but for the last rounding."""
        values = result.values()
        return {"rows": len(values), "sums": {"value": fsum(values)}}

    def write(self, step: str, result: Result, path: Path) -> int:
        """Row, output, value."""
        values = result.values()
        places = product(range(len(values) // result.width), range(result.width))
        return write_rows(path, ("row", "output", "value"), ((*place, value) for place, value in zip(places, values, strict=True)))

    def load_phases(self, loaded: Loaded) -> Mapping[str, int]:
        """Inputs, model, first."""
        return loaded.phases

    def queries(self, step: str, result: Result) -> list[int]:
        """Nanoseconds of each query of a stream."""
        return result.queries

    def _offline(self, name: str, loaded: Loaded) -> Result:
        """All rows, a batch a query."""
        case = loaded.case
        rows, batch, width = case.rows, case.batch, case.spec.width
        loaded.units = rows
        engine = loaded.engines[name]
        out = self._holding.room(rows, width, engine.kind)
        query = engine.begin(loaded.rows, out, batch)
        for row in range(0, rows, batch):
            query(row, row + batch)
        return Result(out, width, [])

    def _stream(self, name: str, loaded: Loaded) -> Result:
        """The first rows, one a query, each timed. Two readings of the clock take 0.1 us."""
        case = loaded.case
        loaded.units = queries = case.queries
        engine = loaded.engines[name]
        out = self._holding.room(queries, case.spec.width, engine.kind)
        times = [0] * queries
        query = engine.begin(loaded.rows, out, 1)
        now = monotonic_ns
        for row in range(queries):
            start = now()
            query(row, row + 1)
            times[row] = now() - start
        return Result(out, case.spec.width, times)
