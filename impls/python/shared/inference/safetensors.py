"""Reads safetensors files with the standard library: in one go, and tensors are views. Whatever is no such file is a Failure."""

import json
from math import prod
from pathlib import Path
from struct import calcsize
from typing import Any, NamedTuple

from bench_protocol.failure import Failure

FORMATS: dict[str, Any] = {"F32": "f", "F64": "d", "I32": "i", "I64": "q", "U8": "B"}
"""Those that the workload has; a file may hold others, which nobody asks for. They are little-endian, as every machine here is."""
LENGTH_BYTES = 8

Shape = tuple[int | None, ...]


class Tensor(NamedTuple):
    """One array of a file, in C order."""

    shape: tuple[int, ...]
    data: "memoryview[Any]"
    """Flat, of the tensor's own type."""

    def numbers(self) -> list[Any]:
        """All as Python's, flat."""
        return self.data.tolist()


class Safetensors:
    """A file in memory, whole."""

    def __init__(self, path: Path) -> None:
        self.path = path
        with path.open("rb") as file:
            length = int.from_bytes(file.read(LENGTH_BYTES), "little")
            if not 0 < length <= path.stat().st_size - LENGTH_BYTES:
                raise self.refusal("its first 8 bytes are no length of a header; the file is cut off or no safetensors")
            entries = self._header(file.read(length))
            # Apart from the header, so that tensors are aligned; a bytearray, as some libraries take no memory that is read-only.
            self._data = memoryview(bytearray(file.read()))
        self.metadata: dict[str, Any] = entries.pop("__metadata__", {})
        self._entries = {name: self._entry(name, entry) for name, entry in entries.items()}
        self._check_offsets()

    def tensor(self, name: str, dtype: str, shape: Shape) -> Tensor:
        """The tensor of that name; None in `shape` stands for any length."""
        if name not in self._entries:
            raise self.refusal(f"no tensor {name}")
        found, lengths, (begin, end) = self._entries[name]
        same = len(lengths) == len(shape) and all(asked in {None, length} for asked, length in zip(shape, lengths, strict=True))
        if found != dtype or not same:
            raise self.refusal(f"{name} is {found} {_text(lengths)}; it must be {dtype} {_text(shape)}")
        if end - begin != prod(lengths) * calcsize(FORMATS[dtype]):
            raise self.refusal(f"{name} has {end - begin} bytes, which is not {dtype} {_text(lengths)}")
        return Tensor(tuple(lengths), self._data[begin:end].cast(FORMATS[dtype]))

    def refusal(self, why: str) -> Failure:
        """What is wrong with the file, to be raised."""
        return Failure("input", f"{self.path}: {why}")

    def _header(self, text: bytes) -> dict[str, Any]:
        try:
            header = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise self.refusal(f"its header is not JSON: {error}; the file is cut off or no safetensors") from error
        if not isinstance(header, dict) or not isinstance(header.get("__metadata__", {}), dict):
            raise self.refusal("its header is not a table of tensors")
        return header

    def _entry(self, name: str, entry: Any) -> tuple[str, list[int], list[int]]:
        try:
            dtype, shape, offsets = entry["dtype"], entry["shape"], entry["data_offsets"]
            whole = all(type(number) is int and number >= 0 for number in (*shape, *offsets))
        except (TypeError, KeyError) as error:
            raise self.refusal(f"{name} lacks its dtype, shape or data_offsets") from error
        if not whole or len(offsets) != 2:
            raise self.refusal(f"{name} has a shape or data_offsets that are not whole numbers")
        return dtype, shape, offsets

    def _check_offsets(self) -> None:
        """The format allows neither gaps nor overlaps, so one look finds a file that is cut off and one that has too much."""
        end = 0
        for begin, next_end in sorted(offsets for _, _, offsets in self._entries.values()):
            if begin != end or next_end < begin:
                raise self.refusal(f"its tensors do not lie side by side at byte {begin}")
            end = next_end
        if end != len(self._data):
            raise self.refusal(f"its tensors take {end} bytes, and there are {len(self._data)}; the file is cut off or no safetensors")


def _text(shape: Shape | list[int]) -> str:
    return f"[{', '.join('n' if length is None else str(length) for length in shape)}]"
