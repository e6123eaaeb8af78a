"""The table in NumPy arrays: columns with a mask where values are missing, read from CSV by blocks.

NumPy's own readers do not fit: `genfromtxt` takes three times as long, `loadtxt` takes no missing value and must be told how
wide a text may be. So blocks of text are cut with `str.split`, which may be done because the workload's fields are never quoted.
"""

from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
BLOCK = 1 << 22  # characters; small beside the table, so that the texts of a block are freed before the next


class Column(NamedTuple):
    """Values, where they are present (None: everywhere), and the words of a text column, whose values are their codes."""

    values: Array
    present: Array | None = None
    words: list[str] | None = None

    def take(self, rows: Array) -> "Column":
        """The column at these rows."""
        return Column(self.values[rows], None if self.present is None else self.present[rows], self.words)

    def to_list(self) -> list[Any]:
        """Python values, None where missing."""
        values: list[Any] = self.values.tolist()
        if self.words is not None:
            values = [self.words[code] for code in values]
        if self.present is None:
            return values
        return [value if here else None for value, here in zip(values, self.present.tolist(), strict=True)]


def read_table(path: Path, texts: tuple[str, ...], wholes: tuple[str, ...]) -> dict[str, Column]:
    """All columns of the file: texts coded, wholes as int64, the others as float64."""
    blocks = _blocks(path)
    names = next(blocks)
    parts: dict[str, list[Column]] = {name: [] for name in names}
    codes: dict[str, _Codes] = {name: _Codes() for name in texts}
    wanted = {**dict.fromkeys(names, _floats), **dict.fromkeys(wholes, _wholes), **{name: codes[name].parse for name in texts}}
    for fields in blocks:
        if len(fields) % len(names):
            raise ValueError(f"{path}: a row has not {len(names)} fields")
        for index, name in enumerate(names):
            parts[name].append(_column(fields[index :: len(names)], wanted[name]))
    return {name: _joined(parts[name], list(codes[name]) if name in codes else None) for name in names}


class _Codes(dict[str, int]):
    """Words to codes in order of appearance; asking for a new word gives it the next code."""

    def __init__(self) -> None:
        self._next = count()

    def __missing__(self, word: str) -> int:
        self[word] = code = next(self._next)
        return code

    def parse(self, fields: list[str]) -> Array:
        return np.fromiter(map(self.__getitem__, fields), np.int64, len(fields))


def _blocks(path: Path) -> Iterator[list[str]]:
    with path.open(encoding="utf-8") as file:
        yield file.readline().rstrip("\n").split(",")
        while block := file.read(BLOCK):
            text = block + file.readline()
            yield text.removesuffix("\n").replace("\n", ",").split(",")


def _column(fields: list[str], parse: Callable[[list[str]], Array]) -> Column:
    if "" not in fields:
        return Column(parse(fields))
    present = np.fromiter(map(bool, fields), np.bool_, len(fields))
    stand_in = next(filter(None, fields), "0")  # a value of the block itself, so that a text column gets no new word
    return Column(parse([field or stand_in for field in fields]), present)


def _wholes(fields: list[str]) -> Array:
    return np.fromiter(map(int, fields), np.int64, len(fields))


def _floats(fields: list[str]) -> Array:
    return np.fromiter(map(float, fields), np.float64, len(fields))


def _joined(parts: list[Column], words: list[str] | None) -> Column:
    values = np.concatenate([part.values for part in parts])
    if all(part.present is None for part in parts):
        return Column(values, None, words)
    masks = [np.ones(len(part.values), np.bool_) if part.present is None else part.present for part in parts]
    return Column(values, np.concatenate(masks), words)
