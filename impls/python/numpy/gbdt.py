"""gbdt in NumPy: the way of answering that the trees' size allows."""

from inference.case import Case
from inference.engine import Engine
from inference.trees import Trees
from masks import LEAVES, Masks
from thresholds import LARGEST
from walk import Walk


def load(case: Case) -> Engine:
    """A tree of n nodes has n + 1 leaves. Masks subtract from thresholds, which must be finite for that."""
    trees = Trees.read(case.file("arrays"))
    nodes = max(end - begin for begin, end in zip(trees.tree, trees.tree[1:], strict=False))
    return Masks(trees) if nodes < LEAVES and min(trees.threshold) >= -LARGEST else Walk(trees)
