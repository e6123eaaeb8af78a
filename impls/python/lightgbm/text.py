"""Step before LightGBM reads its model: is the text whole, and are its trees trees? Promise: what LightGBM would fall over is a Failure.

The library trusts its text: from one that is cut off, or whose children are none of the tree's, it ends the process or reads beside its
arrays. Nothing is taken from here; LightGBM reads the file itself.
"""

from math import isfinite
from pathlib import Path

from bench_protocol.failure import Failure
from inference.trees import FEATURES, is_tree

VERSION = "v4"
PER_NODE = ("split_feature", "threshold", "decision_type", "left_child", "right_child")
ENDS = ("end of trees", "end of parameters", "pandas_categorical:")

Fields = dict[str, str]


def check(path: Path) -> None:
    """Every mistake names the file."""
    try:
        text = path.read_text(encoding="ascii")
        head, *trees = text.partition("end of trees")[0].split("\nTree=")
        _check_whole(fields(head), trees, text)
        for number, tree in enumerate(trees):
            _check_tree(number, fields(tree))
    except (KeyError, ValueError) as error:
        raise Failure("input", f"{path}: no whole model of LightGBM: {error}") from error


def fields(block: str) -> Fields:
    """The lines `name=value`; of `tree` and the tree's number, which have none, only the line."""
    return {name: value for name, _, value in (line.partition("=") for line in block.splitlines())}


def _check_whole(head: Fields, trees: list[str], text: str) -> None:
    if "tree" not in head or head["version"] != VERSION:
        raise ValueError(f"only version {VERSION} is known here")
    if head["max_feature_idx"] != str(FEATURES - 1):
        raise ValueError(f"it takes other features than {FEATURES}")
    if lacking := [end for end in ENDS if f"\n{end}" not in text]:
        raise ValueError(f"the line {lacking[0]!r} is missing; the file is cut off")
    # By these sizes LightGBM finds a tree, and not by its first line. What the text was cut at is counted, but for the last.
    sizes = [len("\nTree=") + len(tree) for tree in trees]
    if not trees or [*sizes[:-1], sizes[-1] - 1] != list(map(int, head["tree_sizes"].split())):
        raise ValueError("its trees have not the sizes of its head")


def _check_tree(number: int, tree: Fields) -> None:
    nodes = int(tree["num_leaves"]) - 1
    columns = {name: tree[name].split() for name in PER_NODE}
    if nodes < 1 or tree["num_cat"] != "0":
        raise ValueError(f"tree {number} has no node, or categories")
    if len(tree["leaf_value"].split()) != nodes + 1 or any(len(column) != nodes for column in columns.values()):
        raise ValueError(f"tree {number} has not {nodes} nodes and a leaf more")
    if not all(map(isfinite, map(float, (*columns["threshold"], *tree["leaf_value"].split())))):
        raise ValueError(f"tree {number} has a threshold or a leaf that is not finite")
    left, right, features = (list(map(int, columns[name])) for name in ("left_child", "right_child", "split_feature"))
    if not all(0 <= feature < FEATURES for feature in features) or not is_tree(left, right, nodes + 1, 0, nodes):
        raise ValueError(f"tree {number} is none, or asks for a feature outside 0 to {FEATURES - 1}")
