"""mlp in NumPy: three products of matrices into buffers that are there already."""

from typing import Any

import numpy as np
from inference import layers, ndarrays
from inference.case import Case
from inference.engine import Query, Rows


class Mlp:
    """Weights [in, out] as the file has them."""

    kind = "f"

    def __init__(self, case: Case) -> None:
        self._layers = [(ndarrays.held(layer.weight), ndarrays.held(layer.bias)) for layer in layers.read(case.file("arrays"))]

    def begin(self, rows: Rows, out: Any, batch: int) -> Query:
        """With buffers for a batch. `tanh` for the logistic function: `exp` overflows far below 0."""
        x, matmul, add, multiply, maximum = rows["input"], np.matmul, np.add, np.multiply, np.maximum
        (weight0, bias0), (weight1, bias1), (weight2, bias2) = self._layers
        hidden0, hidden1, last = (np.empty((batch, len(bias)), np.float32) for _, bias in self._layers)

        def query(begin: int, end: int) -> None:
            matmul(x[begin:end], weight0, out=hidden0)
            add(hidden0, bias0, out=hidden0)
            maximum(hidden0, 0.0, out=hidden0)
            matmul(hidden0, weight1, out=hidden1)
            add(hidden1, bias1, out=hidden1)
            maximum(hidden1, 0.0, out=hidden1)
            matmul(hidden1, weight2, out=last)
            add(last, bias2, out=last)
            multiply(last, 0.5, out=last)
            np.tanh(last, out=last)
            multiply(last, 0.5, out=last)
            add(last, 0.5, out=out[begin:end])

        return query
