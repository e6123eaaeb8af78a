"""gbdt in plain Python: the trees become one expression of nested conditionals, which Python compiles.

A walk over lists takes five lookups a node; a compiled node is a local name, a constant, a comparison and a jump: a tenth of the time.
"""

from collections.abc import Callable
from math import tanh
from typing import Any

import rowwise
from inference.case import Case
from inference.engine import Query, Rows
from inference.trees import FEATURES, Trees

NAMES = ", ".join(f"f{feature}" for feature in range(FEATURES))


class Gbdt:
    """The trees as one function of a row."""

    kind = "d"

    def __init__(self, case: Case) -> None:
        self._probability = compiled(Trees.read(case.file("arrays")))

    def begin(self, rows: Rows, out: Any, batch: int) -> Query:
        """Rows are lists of numbers."""
        return rowwise.queries(self._probability, rows["input"], out, batch)


def compiled(trees: Trees) -> Callable[[list[float]], float]:
    """The probability of a row. `tanh` for the logistic function, because `exp` raises an error far below 0."""
    total = " + ".join(f"({expression(trees, root)})" for root in trees.tree[:-1])
    source = f"def probability(row):\n    {NAMES} = row\n    return 0.5 + 0.5 * tanh(0.5 * ({total}))\n"
    names: dict[str, Any] = {"tanh": tanh}
    exec(compile(source, "<trees>", "exec"), names)  # noqa: S102 - made of numbers that were checked, and of nothing else
    return names["probability"]  # type: ignore[no-any-return]


def expression(trees: Trees, node: int) -> str:
    """The value of the subtree at `node`. A comparison with NaN is false: where NaN goes left, `not >` stands in place of `<=`.

    The larger subtree comes last, where it needs no parentheses: of these, Python takes 200 within each other.
    """
    texts = []
    for child in (trees.left[node], trees.right[node]):
        texts.append(repr(trees.leaf[-1 - child]) if child < 0 else expression(trees, child))
    left, right = texts
    name, threshold, nan_left = f"f{trees.feature[node]}", trees.threshold[node], trees.default_left[node]
    if len(left) <= len(right):
        condition = f"not {name} > {threshold!r}" if nan_left else f"{name} <= {threshold!r}"
        return f"({left}) if {condition} else {right}"
    condition = f"{name} > {threshold!r}" if nan_left else f"not {name} <= {threshold!r}"
    return f"({right}) if {condition} else {left}"
