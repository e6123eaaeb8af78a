"""batch-inference by PyTorch: the one model that people run in it, from its published weights."""

import torch
from bert import Bert
from inference import ndarrays
from inference.workload import Inference

_inference = Inference({"minilm": Bert}, ndarrays)
STEPS, load, units = _inference.steps, _inference.load, _inference.units
check, write, load_phases, queries = _inference.check, _inference.write, _inference.load_phases, _inference.queries


def start(threads: int) -> int:
    """PyTorch has its threads for the whole process."""
    torch.set_num_threads(threads)
    torch.set_num_interop_threads(1)
    return threads
