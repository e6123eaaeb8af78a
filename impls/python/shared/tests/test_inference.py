"""batch-inference as all its Python variants share it: what is refused, how queries go, and what is told of them."""

import json
from array import array
from itertools import pairwise

import pytest
from bench_protocol.failure import Failure
from bench_protocol.wire import Request
from inference import layers, ndarrays_or_skip, plain
from inference.case import Case
from inference.safetensors import Safetensors
from inference.trees import Trees
from inference.workload import Inference
