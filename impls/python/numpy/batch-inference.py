"""batch-inference in NumPy: the two models whose weights are given as arrays and whose layers are few."""

import gbdt
from inference import ndarrays
from inference.workload import Inference
from mlp import Mlp

_inference = Inference({"gbdt": gbdt.load, "mlp": Mlp}, ndarrays)
STEPS, start, load, units = _inference.steps, _inference.start, _inference.load, _inference.units
check, write, load_phases, queries = _inference.check, _inference.write, _inference.load_phases, _inference.queries
