"""What a variant's `<workload>.py` offers, and nothing more is asked of it.

The file is imported after the request has come and the thread limits are in the environment,
so it imports its library at the top like any other module.

Beside these a module may offer, each asked after the clock has stopped:
- `phases(step, result) -> Mapping[str, int]`: name of a part of the timed section to its nanoseconds;
- `load_phases(data) -> Mapping[str, int]`: the same of `load`;
- `serve(data, serving) -> int`: of a server, in the place of its steps: serves what `load` gave until SIGTERM, as `serving`
  (serving.py) asks; returns how many answers it has sent;
- `queries(step, result) -> Sequence[int]`: the nanoseconds of each query, in order; none for a step that has no queries.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Protocol, TypedDict

from bench_protocol.wire import Request


class Check(TypedDict):
    """How many rows a result has, and the sum of each value column over the values that are not missing; of one that writes, its tally."""

    rows: int
    sums: dict[str, int | float]


class Workload(Protocol):
    """The module, as `load_workload` gives it."""

    STEPS: Mapping[str, Callable[[Any], Any]]
    """Name of a step to the function that is timed: takes what `load` gave, returns its whole result in memory,
    or writes it, closed, into the request's `outputs` and returns what `check` needs."""

    def start(self, threads: int) -> int:
        """Start the engine with so many threads; return how many it will use."""

    def load(self, request: Request) -> Any:
        """Read the inputs into the engine's own memory format. `request.outputs` is the working folder for steps that write, or None."""

    def units(self, data: Any) -> int:
        """How many units of work (input rows) the last pass went over; asked after `load` and after each pass."""

    def check(self, step: str, result: Any) -> Check:
        """The check of a result; after the clock."""

    def write(self, step: str, result: Any, path: Path) -> int:
        """Write a result as the CSV file of its answer; return its rows. After the clock; not asked of a pass that wrote outputs."""
