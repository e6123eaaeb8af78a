"""vad by onnxruntime: a state goes in and comes out with each query, and waits for its recordings' next frames."""

from itertools import cycle
from typing import Any

import numpy as np
from inference.case import Case
from inference.engine import Query, Rows
from model import Model, bound

LAYERS, WIDTH = 2, 128
"""Of a state, [layers, recordings, width]."""


class Vad:
    """The model, and how many recordings go on side by side."""

    kind = Model.kind

    def __init__(self, case: Case) -> None:
        self._model = Model(case, "onnx", case.spec.output, case.spec.width)
        self._streams = case.streams

    def begin(self, rows: Rows, out: Any, batch: int) -> Query:
        """A state for each group of recordings that are asked together; the groups take turns."""
        session, x, shape = self._model.session, rows["input"], (LAYERS, batch, WIDTH)
        binding, run = session.io_binding(), session.run_with_iobinding
        bind = binding.bind_cpu_input
        answer = bound(binding.bind_ortvalue_output, self._model.output, (batch, self._model.columns))
        before = bound(binding.bind_ortvalue_input, "state", shape)
        after = bound(binding.bind_ortvalue_output, "stateN", shape)
        turn = cycle(np.zeros((self._streams // batch, *shape), np.float32)).__next__

        def query(begin: int, end: int) -> None:
            state = turn()
            before[:] = state
            bind("input", x[begin:end])
            run(binding)
            state[:] = after
            out[begin:end] = answer

        return query
