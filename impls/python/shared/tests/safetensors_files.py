"""Safetensors files by hand, right or with a fault."""

import json
from array import array
from math import prod

CODES = {"F32": "f", "F64": "d", "I32": "i", "I64": "q", "U8": "B"}


def content(tensors, metadata=None, change=None):
    """The bytes of a file; `tensors` is name to (dtype, shape, numbers), `change` spoils the header's table."""
    header, data = {}, b""
    if metadata is not None:
        header["__metadata__"] = metadata
    for name, (dtype, shape, values) in tensors.items():
        numbers = array(CODES[dtype], values)
        assert len(numbers) == prod(shape)
        header[name] = {"dtype": dtype, "shape": list(shape), "data_offsets": [len(data), len(data) + len(numbers) * numbers.itemsize]}
        data += numbers.tobytes()
    if change:
        change(header)
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    return len(text).to_bytes(8, "little") + text + data


# Two trees: one whose NaN goes left at its root and right below, and one of a single node.
TREES = {
    "tree": ("I32", (3,), [0, 2, 3]),
    "feature": ("I32", (3,), [7, 8, 0]),
    "threshold": ("F64", (3,), [0.5, 0.1, -1e300]),
    "left": ("I32", (3,), [1, -1, -4]),
    "right": ("I32", (3,), [-3, -2, -5]),
    "default_left": ("U8", (3,), [1, 0, 0]),
    "leaf": ("F64", (5,), [1.0, 2.0, 4.0, 0.25, 0.5]),
}

# A network of two neurons a layer.
LAYERS = {
    "weight0": ("F32", (131, 2), [((7 * place) % 11 - 5) / 64 for place in range(262)]),
    "bias0": ("F32", (2,), [0.5, -0.5]),
    "weight1": ("F32", (2, 2), [1.0, -1.0, 0.5, 2.0]),
    "bias1": ("F32", (2,), [0.25, 0.125]),
    "weight2": ("F32", (2, 1), [1.5, -0.75]),
    "bias2": ("F32", (1,), [0.0625]),
}
