"""Rows as lists of Python's numbers, answers as an array of the standard library."""

from array import array
from math import isfinite, isinf
from typing import Any

from inference.safetensors import Tensor


def held(tensor: Tensor) -> Any:
    """A list for each row: a number taken from a list exists already, one taken from a view is made each time."""
    code: Any = tensor.data.format
    return tensor.data.cast("B").cast(code, tensor.shape).tolist()


def finite(tensor: Tensor, missing: tuple[int, ...]) -> bool:
    """NaN may be in the columns `missing`, which only a table of two dimensions has."""
    if not missing:
        return all(map(isfinite, tensor.data))
    columns = [(column in missing, tensor.data[column :: tensor.shape[1]]) for column in range(tensor.shape[1])]
    return not any(any(map(isinf, values)) if may_lack else not all(map(isfinite, values)) for may_lack, values in columns)


def room(rows: int, width: int, kind: str) -> "array[float]":
    """Row after row."""
    return array(kind, [0.0]) * (rows * width)
