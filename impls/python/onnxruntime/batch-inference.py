"""batch-inference by onnxruntime: all five models from their ONNX files, and the call that does next to nothing."""

import os

# Since 1.29 the library measures its users unless this is set when it is imported: a thread of its own, a database in the home folder.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"

from inference import ndarrays
from inference.case import Case
from inference.models import CALL, MODELS
from inference.workload import Inference
from model import Model
from vad import Vad

CLASSES = 2


def graph(case: Case) -> Model:
    """A model whose rows are all that it takes; of gbdt's two classes the last counts."""
    return Model(case, "onnx", case.spec.output, CLASSES if case.model == "gbdt" else case.spec.width)


def call(case: Case) -> Model:
    """The graph that only takes a column."""
    return Model(case, "call", "output", 1)


_inference = Inference({**dict.fromkeys(MODELS, graph), "vad": Vad, CALL: call}, ndarrays)
STEPS, start, load, units = _inference.steps, _inference.start, _inference.load, _inference.units
check, write, load_phases, queries = _inference.check, _inference.write, _inference.load_phases, _inference.queries
