"""ONNX models by onnxruntime: sessions with the spec's options, and queries through memory that is bound to them.

`InferenceSession.run` takes 2 us more a call: it makes a value of each array, and an array of each answer. Bound, a small query is
copied to where the session reads, a larger one is read where it lies, and answers come to one place.
"""

from typing import Any

import numpy as np
import onnxruntime
from inference.case import Case
from inference.engine import Query, Rows
from numpy.typing import NDArray

COPIED = 1 << 14
"""Bytes of a query up to which a copy takes less time than to bind it."""


class Model:
    """A model of the case: its file, and the output whose last columns are the answers."""

    kind = "f"

    def __init__(self, case: Case, file: str, output: str, columns: int) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = case.threads
        options.inter_op_num_threads = 1
        options.execution_mode = onnxruntime.ExecutionMode.ORT_SEQUENTIAL
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        self.session = onnxruntime.InferenceSession(case.file(file), options, providers=["CPUExecutionProvider"])
        self.output, self.columns = output, columns

    def begin(self, rows: Rows, out: Any, batch: int) -> Query:
        """Bound once a pass, for its batch."""
        binding, run = self.session.io_binding(), self.session.run_with_iobinding
        answer = bound(binding.bind_ortvalue_output, self.output, (batch, self.columns))[:, -out.shape[1] :]
        if len(rows) == 1 and (x := rows[name := next(iter(rows))])[:batch].nbytes <= COPIED:
            asked = bound(binding.bind_ortvalue_input, name, (batch, *x.shape[1:]))

            def copied(begin: int, end: int) -> None:
                asked[:] = x[begin:end]
                run(binding)
                out[begin:end] = answer

            return copied
        tensors, bind = list(rows.items()), binding.bind_cpu_input

        def query(begin: int, end: int) -> None:
            for name, x in tensors:
                bind(name, x[begin:end])
            run(binding)
            out[begin:end] = answer

        return query


def bound(bind: Any, name: str, shape: tuple[int, ...]) -> NDArray[np.float32]:
    """Memory that the session reads or writes from now on; whoever holds the array keeps it."""
    memory = np.zeros(shape, np.float32)
    bind(name, onnxruntime.OrtValue.ortvalue_from_numpy(memory))
    return memory
