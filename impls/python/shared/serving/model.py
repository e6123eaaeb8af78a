"""The trees in onnxruntime, one thread, called in the handler. Promise: the same row always gets the same probability.

One row goes through memory that is bound to the session, as in python/onnxruntime; a batch makes an array of its own.
"""

import os
from pathlib import Path
from struct import Struct
from typing import Any

# Read at the import: without it the library starts a thread and a database of its own (see python/onnxruntime's ledger).
os.environ["ORT_DISABLE_TELEMETRY"] = "1"
# No BLAS is used: no threads for it, of which a fork would know nothing.
os.environ["OPENBLAS_NUM_THREADS"] = "1"

import numpy as np
import onnxruntime  # type: ignore[import-untyped]
from bench_protocol.failure import Failure

FEATURES = 10
INPUT, OUTPUT = "input", "probabilities"
CLASSES = 2
ROW = Struct(f"{FEATURES}f")

Row = tuple[float, ...]
"""The features in the spec's order."""


class Model:
    """One session and the memory of one row."""

    def __init__(self, path: Path) -> None:
        self._session = _session(path)
        self._binding = self._session.io_binding()
        row, answer = np.zeros((1, FEATURES), np.float32), np.zeros((1, CLASSES), np.float32)
        for bind, name, memory in ((self._binding.bind_ortvalue_input, INPUT, row), (self._binding.bind_ortvalue_output, OUTPUT, answer)):
            bind(name, onnxruntime.OrtValue.ortvalue_from_numpy(memory))
        # The arrays own what is bound; numbers are packed into it without an array made of them.
        self._row, self._answer = memoryview(row.data).cast("B"), answer

    def predict(self, row: Row) -> float:
        """The probability of the last class."""
        ROW.pack_into(self._row, 0, *row)
        self._session.run_with_iobinding(self._binding)
        return self._answer.item(CLASSES - 1)

    def predict_many(self, rows: list[Row]) -> list[float]:
        """The same of each row, in one call."""
        (answer,) = self._session.run([OUTPUT], {INPUT: np.array(rows, np.float32)})
        probabilities: list[float] = answer[:, -1].tolist()
        return probabilities


def _session(path: Path) -> Any:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.execution_mode = onnxruntime.ExecutionMode.ORT_SEQUENTIAL
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.log_severity_level = 3
    try:
        session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime has a type of its own for each way in which a file can be broken
        raise Failure("input", f"{path}: no model: {error}") from error
    inputs = [(each.name, each.type, each.shape[1:]) for each in session.get_inputs()]
    outputs = {each.name: each.type for each in session.get_outputs()}
    if inputs != [(INPUT, "tensor(float)", [FEATURES])] or outputs.get(OUTPUT) != "tensor(float)":
        raise Failure("input", f"{path}: it takes {inputs} and gives {outputs}; not {INPUT} [b, {FEATURES}] to {OUTPUT} [b, {CLASSES}]")
    return session
