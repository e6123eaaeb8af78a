"""Inputs and models of batch-inference that are not as the spec has them: name of what is wrong -> what is done to a case's files.

Each takes the folder of a copy and the model's name, and returns words that the refusal should have, of which one is enough.
"""

from __future__ import annotations

import json
import re
import struct
from collections.abc import Callable
from pathlib import Path

WEATHER = 7
"""From this column on a flight's features may be NaN."""
Spoil = Callable[[Path, str], tuple[str, ...]]


class Tensors:
    """A safetensors file taken apart: header and data."""

    def __init__(self, path: Path) -> None:
        content = path.read_bytes()
        (length,) = struct.unpack_from("<Q", content)
        self.path = path
        self.header = json.loads(content[8 : 8 + length])
        self.data = bytearray(content[8 + length :])

    @property
    def first(self) -> str:
        """The name of the first tensor in the file."""
        return min(self.names, key=lambda name: self.header[name]["data_offsets"][0])

    @property
    def names(self) -> list[str]:
        return [name for name in self.header if name != "__metadata__"]

    def write(self) -> None:
        text = json.dumps(self.header).encode()
        self.path.write_bytes(struct.pack("<Q", len(text)) + text + self.data)


def _inputs(change: Callable[[Tensors], object], *words: str) -> Spoil:
    def spoil(folder: Path, model: str) -> tuple[str, ...]:
        tensors = Tensors(folder / "inputs.safetensors")
        change(tensors)
        tensors.write()
        return words

    return spoil


def _value(value: float) -> Callable[[Tensors], None]:
    """In the last row's column before the first that may be NaN."""

    def change(tensors: Tensors) -> None:
        entry = tensors.header[tensors.first]
        if entry["dtype"] == "F32":
            width = len(tensors.data) // 4 // entry["shape"][0]
            struct.pack_into("<f", tensors.data, 4 * ((entry["shape"][0] - 1) * width + WEATHER - 1), value)

    return change


def _empty(tensors: Tensors) -> None:
    for name in tensors.names:
        tensors.header[name]["shape"][0] = 0
        tensors.header[name]["data_offsets"] = [0, 0]
    tensors.data.clear()


def _deeper(tensors: Tensors) -> None:
    """The same numbers, with a dimension more."""
    for name in tensors.names:
        tensors.header[name]["shape"].insert(1, 1)


def _other_dtype(tensors: Tensors) -> None:
    entry = tensors.header[tensors.first]
    entry["dtype"] = {"F32": "I32", "I64": "F64"}[entry["dtype"]]


def _renamed(tensors: Tensors) -> None:
    tensors.header["something"] = tensors.header.pop(tensors.first)


def _row_short(tensors: Tensors) -> None:
    """All but the last row of each tensor, in a file that is whole."""
    parts, at = bytearray(), 0
    for name in sorted(tensors.names, key=lambda n: tensors.header[n]["data_offsets"][0]):
        entry = tensors.header[name]
        begin, end = entry["data_offsets"]
        kept = tensors.data[begin : end - (end - begin) // entry["shape"][0]]
        entry["shape"][0] -= 1
        entry["data_offsets"] = [at, at + len(kept)]
        parts, at = parts + kept, at + len(kept)
    tensors.data = parts


def _cut_inputs(folder: Path, model: str) -> tuple[str, ...]:
    path = folder / "inputs.safetensors"
    path.write_bytes(path.read_bytes()[:-5])
    return ()


def _no_tensors(folder: Path, model: str) -> tuple[str, ...]:
    (folder / "inputs.safetensors").write_bytes(b"\xff" * 4096)
    return ()


MODEL_FILES = ("model.onnx", "arrays.safetensors", "model.txt", "model.joblib")


def _models(change: Callable[[Path], object]) -> Spoil:
    """Whichever files an implementation reads its model from."""

    def spoil(folder: Path, model: str) -> tuple[str, ...]:
        for path in (folder / name for name in MODEL_FILES):
            if path.exists():
                change(path)
        return ()

    return spoil


def _cut(path: Path) -> None:
    content = path.read_bytes()
    path.unlink()  # it may be linked to the one that is kept
    path.write_bytes(content[: len(content) * 2 // 3])


def _other_format(path: Path) -> None:
    """Another opset, another version of the format, another version of the library that pickled it."""
    if path.suffix == ".safetensors":
        _change_arrays(path, _another_version)
        return
    content = path.read_bytes()
    path.unlink()
    if path.suffix == ".onnx":
        # opset_import (field 8) of the standard domain, with the domain's empty name or without; each is one byte long.
        content = re.sub(rb"\x42(\x04\x0a\x00\x10|\x02\x10)[\x0b-\x11]", lambda m: m[0][:-1] + b"\x63", content, count=1)
    elif path.suffix == ".txt":
        content = content.replace(b"version=v4", b"version=v9", 1)
    else:
        content = content.replace(b"1.9.1", b"0.0.1")
    path.write_bytes(content)


def _change_arrays(path: Path, change: Callable[[Tensors], object]) -> None:
    tensors = Tensors(path)
    change(tensors)
    path.unlink()
    tensors.write()


def _another_version(tensors: Tensors) -> None:
    if tensors.header.get("__metadata__", {}).get("format") == "1":
        tensors.header["__metadata__"]["format"] = "2"
    else:  # weights as published carry no version of ours: one of them is called otherwise
        name = max(tensors.names)
        tensors.header[f"{name}.old"] = tensors.header.pop(name)


INPUTS: dict[str, Spoil] = {
    "nan": _inputs(_value(float("nan")), "finite", "nan"),
    "infinity": _inputs(_value(float("-inf")), "finite", "inf"),
    "empty": _inputs(_empty, "row", "shape"),
    "another shape": _inputs(_deeper, "shape", "must be"),
    "another dtype": _inputs(_other_dtype, "dtype", "type", "F32", "I64"),
    "missing": _inputs(_renamed, "input", "x", "ids"),
    "a row short": _inputs(_row_short, "row", "shape"),
    "cut off": _cut_inputs,
    "no tensors": _no_tensors,
}
MODELS: dict[str, Spoil] = {"model cut off": _models(_cut), "model of another format": _models(_other_format)}
SPOILT = INPUTS | MODELS
NO_FLOATS = {"minilm"}
"""Models whose rows hold no floats: what is not finite cannot be in them."""
