"""The weights of mlp: three dense layers whose widths fit each other."""

from math import isfinite
from pathlib import Path
from typing import NamedTuple

from inference.models import MODELS
from inference.safetensors import Tensor
from inference.trees import known

LAYERS = 3


class Layer(NamedTuple):
    """A weight for each input [in] and output [out], and a bias for each output."""

    weight: Tensor
    bias: Tensor


def read(path: Path) -> list[Layer]:
    """From the model's inputs to its one output; a Failure where they do not fit together."""
    file = known(path)
    width = MODELS["mlp"].row["input"][0]
    layers = []
    for number in range(LAYERS):
        weight = file.tensor(f"weight{number}", "F32", (width, None if number < LAYERS - 1 else 1))
        width = weight.shape[1]
        layers.append(Layer(weight, file.tensor(f"bias{number}", "F32", (width,))))
    if not all(isfinite(value) for layer in layers for tensor in layer for value in tensor.data):
        raise file.refusal("a weight is not finite")
    return layers
