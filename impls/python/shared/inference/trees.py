"""The weights of gbdt: decision trees as flat arrays, as the spec has them, checked so that every walk from a root ends at a leaf."""

from math import isfinite
from pathlib import Path
from typing import NamedTuple

from inference.models import MODELS
from inference.safetensors import Safetensors

FEATURES = MODELS["gbdt"].row["input"][0]
FORMAT = "1"


class Trees(NamedTuple):
    """Node n asks `feature[n]` against `threshold[n]`; a child is a node's index, or -1 - i for `leaf[i]`. Tree t begins at `tree[t]`."""

    tree: list[int]
    feature: list[int]
    threshold: list[float]
    left: list[int]
    right: list[int]
    default_left: list[bool]
    leaf: list[float]

    @classmethod
    def read(cls, path: Path) -> "Trees":
        """A Failure where the file is another's, or its trees do not fit together."""
        file = known(path)
        tree = file.tensor("tree", "I32", (None,)).numbers()
        n = tree[-1] if tree else 0
        feature, left, right = (file.tensor(name, "I32", (n,)).numbers() for name in ("feature", "left", "right"))
        threshold = file.tensor("threshold", "F64", (n,)).numbers()
        default_left = list(map(bool, file.tensor("default_left", "U8", (n,)).data))
        trees = cls(tree, feature, threshold, left, right, default_left, file.tensor("leaf", "F64", (None,)).numbers())
        if why := trees._mistake():
            raise file.refusal(why)
        return trees

    def _mistake(self) -> str:
        if len(self.tree) < 2 or self.tree[0] or any(begin >= end for begin, end in zip(self.tree, self.tree[1:], strict=False)):
            return "`tree` does not begin at 0 and grow from tree to tree"
        if not all(0 <= feature < FEATURES for feature in self.feature):
            return f"a node asks for a feature outside 0 to {FEATURES - 1}"
        if not all(map(isfinite, (*self.threshold, *self.leaf))):
            return "a threshold or a leaf is not finite"
        for number, (begin, end) in enumerate(zip(self.tree, self.tree[1:], strict=False)):
            if not is_tree(self.left, self.right, len(self.leaf), begin, end):
                return f"the nodes {begin} to {end - 1} are no tree, which number {number} must be"
        return ""


def is_tree(left: list[int], right: list[int], leaves: int, begin: int, end: int) -> bool:
    """Whether each node from `begin` to before `end` but the first is the child of one of them, and every leaf that they name is there."""
    reached, waiting = 0, [begin]
    seen = {begin}
    while waiting:
        node = waiting.pop()
        reached += 1
        for child in (left[node], right[node]):
            if child < -leaves or (child >= 0 and (child in seen or not begin < child < end)):
                return False
            if child >= 0:
                seen.add(child)
                waiting.append(child)
    return reached == end - begin


def known(path: Path) -> Safetensors:
    """A file of weights in the format that this code knows."""
    file = Safetensors(path)
    if file.metadata.get("format") != FORMAT:
        raise file.refusal(f"its format is {file.metadata.get('format')!r}; only {FORMAT!r} is known here")
    return file
