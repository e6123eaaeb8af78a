"""The table in plain lists: a list a column, read from CSV by blocks, with no object a row.

Texts are codes into a list of words, and whole numbers share one object for each distinct value: a list of them is eight
bytes a row. A block is cut with `str.split`, which may be done because the workload's fields are never quoted: the `csv`
module takes twice as long and makes a list a row, which the collector then walks.
"""

from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from typing import Any, NamedTuple

BLOCK = 1 << 22  # characters; small beside the table, so that the texts of a block are freed before the next


class Column(NamedTuple):
    """Values, None where missing; `words` are those of a text column, whose values are their codes."""

    values: list[Any]
    complete: bool
    words: list[str | None] | None = None

    def to_list(self) -> list[Any]:
        """The values, with the words in place of their codes."""
        return self.values if self.words is None else [self.words[code] for code in self.values]


class _Words(dict[str, int]):
    """Text to code, in order of appearance; asking for a new word gives it the next code."""

    def __init__(self) -> None:
        self._next = count()

    def __missing__(self, word: str) -> int:
        self[word] = code = next(self._next)
        return code


class _Wholes(dict[str, int | None]):
    """Text to whole number, each parsed once; missing is None."""

    def __missing__(self, text: str) -> int | None:
        self[text] = value = int(text) if text else None
        return value


def read_table(path: Path, texts: tuple[str, ...], wholes: tuple[str, ...]) -> dict[str, Column]:
    """All columns of the file: texts coded, wholes as int, the others as float."""
    blocks = _blocks(path)
    names = next(blocks)
    words = {name: _Words() for name in texts}
    parse: dict[str, Callable[[str], Any]] = dict.fromkeys(names, _float)
    parse |= {name: _Wholes().__getitem__ for name in wholes} | {name: words[name].__getitem__ for name in texts}
    values: dict[str, list[Any]] = {name: [] for name in names}
    for fields in blocks:
        if len(fields) % len(names):
            raise ValueError(f"{path}: a row has not {len(names)} fields")
        for index, name in enumerate(names):
            values[name] += map(_quick(parse[name], fields), fields[index :: len(names)])
    return {name: _column(values[name], words.get(name)) for name in names}


def _blocks(path: Path) -> Iterator[list[str]]:
    with path.open(encoding="utf-8") as file:
        yield file.readline().rstrip("\n").split(",")
        while block := file.read(BLOCK):
            text = block + file.readline()
            yield text.removesuffix("\n").replace("\n", ",").split(",")


def _float(text: str) -> float | None:
    return float(text) if text else None


def _quick(parse: Callable[[str], Any], fields: list[str]) -> Callable[[str], Any]:
    """`float` itself, a third faster than the function around it, for a block in which nothing is missing."""
    return float if parse is _float and "" not in fields else parse


def _column(values: list[Any], words: _Words | None) -> Column:
    if words is not None:
        return Column(values, True, [word or None for word in words])
    return Column(values, None not in values)
