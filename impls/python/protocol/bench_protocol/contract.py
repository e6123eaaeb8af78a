"""What a variant's `<workload>.py` offers, and nothing more is asked of it.

The file is imported after the request has come and the thread limits are in the environment,
so it imports its library at the top like any other module.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Protocol, TypedDict


class Check(TypedDict):
    """How many rows a result has, and the sum of each value column over the values that are not missing."""

    rows: int
    sums: dict[str, int | float]


class Workload(Protocol):
    """The module, as `load_workload` gives it."""

    STEPS: Mapping[str, Callable[[Any], Any]]
    """Name of a step to the function that is timed: takes what `load` gave, returns its whole result in memory."""

    def start(self, threads: int) -> int:
        """Start the engine with so many threads; return how many it will use."""

    def load(self, inputs: Mapping[str, str], params: Mapping[str, Any]) -> Any:
        """Read the inputs into the engine's own memory format."""

    def units(self, data: Any) -> int:
        """How many units of work (input rows) a step goes over."""

    def check(self, step: str, result: Any) -> Check:
        """The check of a result; after the clock."""

    def write(self, step: str, result: Any, path: Path) -> int:
        """Write a result as the CSV file of its answer; return its rows. After the clock."""
