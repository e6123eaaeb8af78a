"""The trees: trained by LightGBM, then the same trees as plain arrays and as ONNX's TreeEnsembleClassifier.

LightGBM compares float64 thresholds, ONNX float32 ones. Each is rounded down: then a float32 value is at most the threshold
exactly where it was before. (Rounded to the nearest, as converters do it, a value that equals the threshold's neighbour changes sides.)
"""

from pathlib import Path
from typing import Any

import lightgbm
import numpy as np
import onnx
from flights_table import CATEGORIES, NUMBERS, WEATHER, table
from numpy.typing import NDArray
from onnx import TensorProto, helper
from safetensors.numpy import save_file

FEATURES = ("month", "weekday", "minute_of_day", "distance", *CATEGORIES, *WEATHER)
TREES, LEAVES = 100, 31
OPSET, ML_OPSET = 17, 3
PARAMETERS = {
    "objective": "binary",
    "num_leaves": LEAVES,
    "learning_rate": 0.1,
    "deterministic": True,
    "force_row_wise": True,
    "num_threads": 1,
    "seed": 20130101,
    "verbose": -1,
}
assert sorted(FEATURES) == sorted([*NUMBERS, *CATEGORIES])


def make(request: dict[str, Any], out: Path) -> None:
    """Trains on all flights that arrived; writes the model's four files."""
    known = table(Path(request["cache"])).drop_nulls("late")
    x = known.select(FEATURES).to_numpy().astype(np.float32)
    data = lightgbm.Dataset(x.astype(np.float64), known["late"].to_numpy(), feature_name=list(FEATURES))
    booster = lightgbm.train(PARAMETERS, data, num_boost_round=TREES)
    booster.save_model(out / "model.txt")
    arrays = flatten(booster.dump_model())
    save_file(arrays, out / "arrays.safetensors", metadata={"format": "1"})
    onnx.save(ensemble(arrays), out / "model.onnx")
    onnx.save(first_column(), out / "call.onnx")


def rows(request: dict[str, Any], seed: int, count: int) -> dict[str, NDArray[Any]]:
    """Flights drawn with replacement, whether they arrived or not."""
    frame = table(Path(request["cache"])).select(FEATURES)
    drawn = np.random.default_rng(seed).integers(frame.height, size=count)
    x = frame.to_numpy().astype(np.float32)[drawn]
    # Weather is missing for few of them; a tenth, so that the way of what is missing is walked often.
    without = np.random.default_rng([seed, 1]).random(count) < 0.1
    x[np.ix_(without, [FEATURES.index(name) for name in WEATHER])] = np.nan
    return {"input": x}


def flatten(model: dict[str, Any]) -> dict[str, NDArray[Any]]:
    """The trees of LightGBM's dump as the spec's arrays. AssertionError for what the spec's trees cannot say."""
    nodes: list[tuple[int, float, int, int, bool]] = []
    leaf: list[float] = []
    tree = [0]

    def add(node: dict[str, Any]) -> int:
        if "leaf_value" in node:
            leaf.append(node["leaf_value"])
            return -len(leaf)
        assert node["decision_type"] == "<="
        # Without a NaN in training LightGBM takes NaN for 0; then none may come.
        assert (node["missing_type"] == "NaN") == (FEATURES[node["split_feature"]] in WEATHER)
        at = len(nodes)
        nodes.append((0, 0.0, 0, 0, False))
        left, right = add(node["left_child"]), add(node["right_child"])
        nodes[at] = (node["split_feature"], node["threshold"], left, right, node["default_left"])
        return at

    for each in model["tree_info"]:
        assert add(each["tree_structure"]) == tree[-1]
        tree.append(len(nodes))
    columns = list(zip(*nodes, strict=True))
    types = {"feature": np.int32, "threshold": np.float64, "left": np.int32, "right": np.int32, "default_left": np.uint8}
    arrays = {name: np.array(column, dtype) for (name, dtype), column in zip(types.items(), columns, strict=True)}
    return {**arrays, "leaf": np.array(leaf), "tree": np.array(tree, np.int32)}


def rounded_down(values: NDArray[Any]) -> NDArray[Any]:
    """The largest float32 that is at most each value."""
    near = values.astype(np.float32)
    return np.where(near.astype(np.float64) > values, np.nextafter(near, np.float32(-np.inf)), near)


def ensemble(arrays: dict[str, NDArray[Any]]) -> onnx.ModelProto:
    """ONNX's own operator for trees; its outputs are label and probabilities."""
    threshold = rounded_down(arrays["threshold"])
    names = ("treeids", "nodeids", "featureids", "values", "modes", "truenodeids", "falsenodeids", "missing")
    columns: dict[str, list[Any]] = {name: [] for name in names}
    leaves: dict[str, list[Any]] = {name: [] for name in ("treeids", "nodeids", "weights")}
    for number, (first, end) in enumerate(zip(arrays["tree"][:-1], arrays["tree"][1:], strict=True)):
        # A tree's leaves come after its nodes, in the order in which they are met.
        met: dict[int, int] = {}
        for node in range(first, end):
            branch = [int(arrays[side][node]) for side in ("left", "right")]
            for child in branch:
                if child < 0:
                    met[child] = end - first + len(met)
            ids = [met[child] if child < 0 else child - first for child in branch]
            row = (number, node - first, arrays["feature"][node], threshold[node], "BRANCH_LEQ", *ids, arrays["default_left"][node])
            for column, value in zip(columns.values(), row, strict=True):
                column.append(value)
        for child, place in met.items():
            for column, value in zip(columns.values(), (number, place, 0, 0.0, "LEAF", 0, 0, 0), strict=True):
                column.append(value)
            for column, value in zip(leaves.values(), (number, place, arrays["leaf"][-1 - child]), strict=True):
                column.append(value)
    attributes = {f"nodes_{name}": values for name, values in columns.items() if name != "missing"}
    node = helper.make_node(
        "TreeEnsembleClassifier", ["input"], ["label", "probabilities"], domain="ai.onnx.ml",
        **attributes, nodes_missing_value_tracks_true=columns["missing"],
        **{f"class_{name}": values for name, values in leaves.items()}, class_ids=[0] * len(leaves["weights"]),
        classlabels_int64s=[0, 1], post_transform="LOGISTIC",
    )  # fmt: skip
    outputs = [
        helper.make_tensor_value_info("label", TensorProto.INT64, ["b"]),
        helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, ["b", 2]),
    ]
    return model("gbdt", [node], [helper.make_tensor_value_info("input", TensorProto.FLOAT, ["b", len(FEATURES)])], outputs)


def first_column() -> onnx.ModelProto:
    """The graph that does next to nothing."""
    bounds = {name: [value] for name, value in (("start", 0), ("end", 1), ("axis", 1))}
    fixed = [helper.make_tensor(name, TensorProto.INT64, [1], value) for name, value in bounds.items()]
    node = helper.make_node("Slice", ["input", *bounds], ["output"])
    x = helper.make_tensor_value_info("input", TensorProto.FLOAT, ["b", len(FEATURES)])
    return model("call", [node], [x], [helper.make_tensor_value_info("output", TensorProto.FLOAT, ["b", 1])], fixed)


def model(name: str, nodes: list[Any], inputs: list[Any], outputs: list[Any], fixed: list[Any] | None = None) -> onnx.ModelProto:
    """A checked model of these nodes."""
    graph = helper.make_graph(nodes, name, inputs, outputs, fixed or [])
    opsets = [helper.make_opsetid("", OPSET), helper.make_opsetid("ai.onnx.ml", ML_OPSET)]
    made = helper.make_model(graph, opset_imports=opsets, ir_version=8)
    onnx.checker.check_model(made)
    return made
