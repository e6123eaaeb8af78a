"""What a variant offers for one model, and how its rows and answers are held. Nothing more is asked of it."""

from collections.abc import Callable, Mapping
from typing import Any, Protocol

from inference.case import Case
from inference.safetensors import Tensor

Query = Callable[[int, int], None]
"""Answers the rows from the first number to before the second, into the pass's result."""

Rows = Mapping[str, Any]
"""Name of a tensor to its rows, as the variant holds them."""


class Engine(Protocol):
    """A model, loaded."""

    kind: str
    """Type code of an answer: `f` or `d`."""

    def begin(self, rows: Rows, out: Any, batch: int) -> Query:
        """The query of one pass, whose answers go to `out`; at each call recordings begin anew (vad).

        A function and no method: what it needs are local names of it, looked up once a pass and not once a query.
        """


Open = Callable[[Case], Engine]
"""Loads a model from the case's files; whatever it raises is the files' fault."""


class Holding(Protocol):
    """How rows and answers lie in memory: one of the modules plain and ndarrays."""

    def held(self, tensor: Tensor) -> Any:
        """The tensor's rows."""

    def finite(self, tensor: Tensor, missing: tuple[int, ...]) -> bool:
        """Whether all values are; NaN may be in the columns `missing`."""

    def room(self, rows: int, width: int, kind: str) -> Any:
        """Memory for the answers of so many rows: a buffer of that type code."""
