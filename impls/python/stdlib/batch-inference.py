"""batch-inference on the standard library alone: the two models whose weights are small enough for loops."""

from gbdt import Gbdt
from inference import plain
from inference.workload import Inference
from mlp import Mlp

_inference = Inference({"gbdt": Gbdt, "mlp": Mlp}, plain, one_thread=True)
STEPS, start, load, units = _inference.steps, _inference.start, _inference.load, _inference.units
check, write, load_phases, queries = _inference.check, _inference.write, _inference.load_phases, _inference.queries
