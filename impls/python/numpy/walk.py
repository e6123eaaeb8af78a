"""gbdt for trees of any size: all rows go down all trees at once, a level at a time; a leaf leads to itself."""

from typing import Any

import numpy as np
from inference.engine import Query, Rows
from inference.trees import FEATURES, Trees
from masks import logistic
from thresholds import LARGEST, rounded_down


class Walk:
    """Nodes in flat arrays; a node's right child is at `right`, its left child after it, and a leaf's `right` is before itself."""

    kind = "d"

    def __init__(self, trees: Trees) -> None:
        self._feature: list[int] = []
        self._threshold: list[float] = []
        self._right: list[int] = []
        self._leaf: list[float] = []
        self._levels = 0
        self._roots = np.array([self._add(trees, root) for root in trees.tree[:-1]], np.intp)

    def _place(self) -> int:
        """Of a new node, a leaf until it is told otherwise: every number is at most its threshold."""
        self._feature.append(FEATURES)
        self._threshold.append(LARGEST)
        self._right.append(len(self._right) - 1)
        self._leaf.append(0.0)
        return len(self._right) - 1

    def _add(self, trees: Trees, root: int) -> int:
        first = self._place()
        waiting = [(root, first, 0)]
        while waiting:
            node, place, level = waiting.pop()
            self._levels = max(self._levels, level)
            if node < 0:
                self._leaf[place] = trees.leaf[-1 - node]
                continue
            self._feature[place] = trees.feature[node] + FEATURES * trees.default_left[node]
            self._threshold[place] = float(rounded_down(trees.threshold[node]))
            self._right[place] = right = self._place()
            waiting += (trees.right[node], right, level + 1), (trees.left[node], self._place(), level + 1)
        return first

    def begin(self, rows: Rows, out: Any, batch: int) -> Query:
        """NaN is at most nothing, hence goes right; a second set of columns, where it is less than all, serves nodes where it goes left."""
        x, room, levels, roots, row = rows["input"], out[:, 0], self._levels, self._roots[:, None], np.arange(batch)
        feature, threshold = np.array(self._feature, np.intp) * batch, np.array(self._threshold, np.float32)
        right, leaf = np.array(self._right, np.intp), np.array(self._leaf)
        columns = np.empty((2 * FEATURES, batch), np.float32)
        flat = columns.ravel()
        node, place = np.empty((2, len(roots), batch), np.intp)
        value, limit = np.empty((2, *node.shape), np.float32)

        def query(begin: int, end: int) -> None:
            columns[:FEATURES] = x[begin:end].T
            np.fmax(columns[:FEATURES], -np.inf, out=columns[FEATURES:])
            node[:] = roots
            for _ in range(levels):
                feature.take(node, out=place, mode="clip")
                np.add(place, row, out=place)
                flat.take(place, out=value, mode="clip")
                threshold.take(node, out=limit, mode="clip")
                right.take(node, out=place, mode="clip")
                np.add(place, value <= limit, out=node)
            room[begin:end] = logistic(np.add.reduce(leaf.take(node), axis=0))

        return query
