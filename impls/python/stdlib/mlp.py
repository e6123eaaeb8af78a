"""mlp in plain Python: a neuron is a sum of products, taken by iterators written in C."""

import sys
from math import tanh
from operator import mul
from typing import Any

import rowwise
from inference import layers
from inference.case import Case
from inference.engine import Query, Rows

if sys.version_info >= (3, 12):
    from math import sumprod
else:

    def sumprod(p: list[float], q: list[float]) -> float:
        total: float = sum(map(mul, p, q))
        return total


class Mlp:
    """Of each neuron the weights of its inputs, and its bias."""

    kind = "d"

    def __init__(self, case: Case) -> None:
        self._layers = [neurons(layer) for layer in layers.read(case.file("arrays"))]

    def begin(self, rows: Rows, out: Any, batch: int) -> Query:
        """Rows are lists of numbers. Inputs that are 0 are multiplied like any other: the network is dense."""
        first, second, ((last, bias),) = self._layers
        x = rows["input"]

        def probability(row: list[float]) -> float:
            """`tanh` for the logistic function, because `exp` raises an error far below 0."""
            hidden = [total if (total := sumprod(row, weights) + bias) > 0.0 else 0.0 for weights, bias in first]
            hidden = [total if (total := sumprod(hidden, weights) + bias) > 0.0 else 0.0 for weights, bias in second]
            return 0.5 + 0.5 * tanh(0.5 * (sumprod(hidden, last) + bias))

        return rowwise.queries(probability, x, out, batch)


def neurons(layer: layers.Layer) -> list[tuple[list[float], float]]:
    """The layer's columns, which the file has as rows [in, out]."""
    weights, width = layer.weight.numbers(), layer.weight.shape[1]
    return [(weights[output::width], bias) for output, bias in enumerate(layer.bias.data)]
