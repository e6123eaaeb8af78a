"""Groups of rows, and aggregates of a column over them.

Keys become one dense number a row; then every aggregate is one pass of `bincount` or of a ufunc's `at`, which takes no sort.
`ufunc.at` had a bad name until NumPy 1.25; since then `add.at` is as fast as `bincount`, and exact in whole numbers.
"""

from typing import Any

import numpy as np
from table import Array, Column

MOST = 2**62


class Groups:
    """The groups of equal keys among the rows of a table; a missing key is a key."""

    def __init__(self, *keys: Column) -> None:
        codes, size = _combined([_codes(key) for key in keys])
        rows = np.bincount(codes, minlength=size)
        if size > np.count_nonzero(rows):
            codes, rows = (np.cumsum(rows > 0) - 1)[codes], rows[rows > 0]
        self.of_row = codes
        self.rows = rows
        self._keys = keys

    def keys(self) -> list[Column]:
        """One key column after the other, a value a group, taken from any row of the group."""
        any_row = np.empty(len(self.rows), np.int64)
        any_row[self.of_row] = np.arange(len(self.of_row))
        return [key.take(any_row) for key in self._keys]

    def count(self, column: Column) -> Array:
        """How many values are present."""
        if column.present is None:
            return self.rows
        return np.bincount(self.of_row[column.present], minlength=len(self.rows))

    def sum(self, column: Column) -> Array:
        """Whole numbers are summed in 64 bits, never through a float."""
        groups, values = self._present(column)
        if values.dtype == np.float64:
            return np.bincount(groups, values, len(self.rows))
        return self.reduce(np.add, column, 0)

    def mean(self, column: Column) -> Column:
        """Missing where no value is."""
        n = self.count(column)
        return Column(self.sum(column) / np.maximum(n, 1), n > 0)

    def reduce(self, ufunc: np.ufunc, column: Column, start: Any) -> Array:
        """Any ufunc of two arguments, such as `np.maximum`; `start` where no value is."""
        groups, values = self._present(column)
        result = np.full(len(self.rows), start, values.dtype)
        ufunc.at(result, groups, values)
        return result

    def sorted_values(self, column: Column) -> tuple[Array, Array]:
        """The values present, group after group and each group sorted, and where each group ends."""
        groups, values = self._present(column)
        # NumPy sorts 16-bit numbers by radix, in linear time.
        narrow = groups.astype(np.uint16) if len(self.rows) <= 2**16 else groups
        values = values[np.argsort(narrow, kind="stable")]
        ends = np.cumsum(self.count(column))
        start = 0
        for end in ends.tolist():
            values[start:end].sort()
            start = end
        return values, ends

    def _present(self, column: Column) -> tuple[Array, Array]:
        if column.present is None:
            return self.of_row, column.values
        return self.of_row[column.present], column.values[column.present]


def _codes(key: Column) -> tuple[Array, int]:
    """Numbers from 0 for the values of a key, and how many there may be; the missing value has the last of them."""
    low, high = (int(key.values.min()), int(key.values.max())) if len(key.values) else (0, 0)
    span = high - low + 1
    if span <= 2 * len(key.values) + 1024:
        codes = key.values - low
    else:
        distinct, codes = np.unique(key.values, return_inverse=True)
        span = len(distinct)
    if key.present is None:
        return codes, span
    return np.where(key.present, codes, span), span + 1


def _combined(keys: list[tuple[Array, int]]) -> tuple[Array, int]:
    """One number a row for several keys: mixed radix while it is small, made dense by a sort where it is sparse."""
    combined, size = keys[0]
    for codes, count in keys[1:]:
        if size * count > MOST:
            combined, size = _dense(combined)
        combined, size = combined * count + codes, size * count
    return (combined, size) if size <= 2 * len(combined) + 1024 else _dense(combined)


def _dense(codes: Array) -> tuple[Array, int]:
    distinct, codes = np.unique(codes, return_inverse=True)
    return codes, len(distinct)
