"""Rows and answers as NumPy arrays, over the very bytes of the file."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from inference.safetensors import Tensor


def held(tensor: Tensor) -> NDArray[Any]:
    """A view; a copy only where the file has the tensor at an odd place."""
    return np.require(np.asarray(tensor.data), requirements="A").reshape(tensor.shape)


def finite(tensor: Tensor, missing: tuple[int, ...]) -> bool:
    """NaN may be in the columns `missing`."""
    known = np.isfinite(held(tensor))
    if missing:
        known[:, missing] |= np.isnan(held(tensor)[:, missing])
    return bool(known.all())


def room(rows: int, width: int, kind: str) -> NDArray[Any]:
    """A row for each, even where it is one value."""
    return np.empty((rows, width), kind)
