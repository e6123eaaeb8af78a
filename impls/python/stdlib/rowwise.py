"""Queries of a model that is a function of one row: alike for all models in plain Python."""

from array import array
from collections.abc import Callable
from typing import Any

from inference.engine import Query


def queries(probability: Callable[[list[float]], float], x: list[list[float]], out: Any, batch: int) -> Query:
    """The query of one pass over the rows `x`. One row is spared the array that many are gathered in."""
    if batch == 1:

        def one(row: int, _: int) -> None:
            out[row] = probability(x[row])

        return one

    def query(begin: int, end: int) -> None:
        out[begin:end] = array("d", map(probability, x[begin:end]))

    return query
