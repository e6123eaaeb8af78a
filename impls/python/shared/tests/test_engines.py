"""The engines that Python variants write themselves, against the spec's words in the slowest way."""

import importlib.util
import math
import random
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace

import numpy as np
import pytest
from bench_protocol.failure import Failure
from inference import ndarrays, plain
from inference.case import Case
from inference.trees import Trees
from safetensors_files import LAYERS, TREES, content

VARIANTS = Path(__file__).resolve().parents[2]
ROWS = 64


@pytest.fixture
def module_of(monkeypatch):
    """A module of a variant's folder, with its neighbours; several folders have modules of one name."""

    def load(variant: str, name: str) -> ModuleType:
        folder = VARIANTS / variant
        neighbours = {path.stem for path in folder.glob("*.py")}
        for stem in neighbours:
            monkeypatch.delitem(sys.modules, stem, raising=False)
        monkeypatch.setattr(sys, "path", [*sys.path, str(folder)])
        spec = importlib.util.spec_from_file_location(name, folder / f"{name}.py")
        module = importlib.util.module_from_spec(spec)
        monkeypatch.setitem(sys.modules, name, module)
        spec.loader.exec_module(module)
        for stem in neighbours & sys.modules.keys():
            monkeypatch.setitem(sys.modules, stem, sys.modules[stem])
        return module

    return load


def case_of(model: str, folder: Path, batch: int, streams: int = 1) -> Case:
    return Case(model, batch, ROWS, 0, streams, 1, {"arrays": str(folder / "arrays"), "onnx": str(folder / "onnx")})


def answers(engine, rows, holding, batch: int) -> list[float]:
    out = holding.room(ROWS, 1, engine.kind)
    query = engine.begin({"input": rows}, out, batch)
    for row in range(0, ROWS, batch):
        query(row, row + batch)
    return np.asarray(out).ravel().tolist()


def random_trees(leaves: int, count: int, lowest: float = -3e38) -> dict:
    """Trees of any form; a threshold is a number that rows have, one beside it, or what no float32 is."""
    draw = random.Random(leaves)  # noqa: S311
    tensors = {name: (dtype, []) for name, (dtype, _, _) in TREES.items()}
    numbers = {name: values for name, (_, values) in tensors.items()}
    numbers["tree"].append(0)

    def add(leaves: int) -> int:
        if leaves == 1:
            numbers["leaf"].append(draw.uniform(-0.2, 0.2))
            return -len(numbers["leaf"])
        node = len(numbers["feature"])
        numbers["feature"].append(draw.randrange(10))
        numbers["threshold"].append(draw.choice([draw.randrange(-3, 4), draw.gauss(0, 2), 0.1, 1e300, lowest, 1.0000000180025095e-35]))
        numbers["default_left"].append(draw.randrange(2))
        numbers["left"].append(0)
        numbers["right"].append(0)
        left = draw.randrange(1, leaves)
        numbers["left"][node] = add(left)
        numbers["right"][node] = add(leaves - left)
        return node

    for _ in range(count):
        add(leaves)
        numbers["tree"].append(len(numbers["feature"]))
    return {name: (dtype, (len(values),), values) for name, (dtype, values) in tensors.items()}


def random_rows() -> np.ndarray:
    draw = np.random.default_rng(1)
    rows = np.where(draw.random((ROWS, 10)) < 0.5, draw.integers(-3, 4, (ROWS, 10)), draw.normal(0, 2, (ROWS, 10))).astype(np.float32)
    rows[:, 7:][draw.random((ROWS, 3)) < 0.4] = np.nan
    rows[0], rows[1, :7] = 0.1, 0.0
    return rows


def walked(trees: Trees, row: list[float]) -> float:
    total = 0.0
    for root in trees.tree[:-1]:
        node = root
        while node >= 0:
            value = row[trees.feature[node]]
            left = trees.default_left[node] if math.isnan(value) else value <= trees.threshold[node]
            node = trees.left[node] if left else trees.right[node]
        total += trees.leaf[-1 - node]
    return 1 / (1 + math.exp(-total))


@pytest.mark.parametrize(("variant", "name", "made"), [("stdlib", "gbdt", "Gbdt"), ("numpy", "gbdt", "load")])
@pytest.mark.parametrize("leaves", [2, 31, 32, 33, 200])
@pytest.mark.parametrize(("batch", "lowest"), [(1, -3e38), (16, -3e38), (16, -1e300)])
def test_every_row_falls_where_an_obvious_walk_takes_it(tmp_path, module_of, variant, name, made, leaves, batch, lowest):
    (tmp_path / "arrays").write_bytes(content(random_trees(leaves, 7, lowest), {"format": "1"}))
    rows = random_rows()
    engine = getattr(module_of(variant, name), made)(case_of("gbdt", tmp_path, batch))
    held, holding = (rows.tolist(), plain) if variant == "stdlib" else (rows, ndarrays)
    trees = Trees.read(tmp_path / "arrays")
    assert answers(engine, held, holding, batch) == pytest.approx([walked(trees, row) for row in rows.tolist()], rel=1e-12)


def test_numpy_takes_masks_for_small_trees_only(tmp_path, module_of):
    load = module_of("numpy", "gbdt").load
    for leaves, lowest, kind in ((32, -3e38, "Masks"), (33, -3e38, "Walk"), (32, -1e300, "Walk")):
        (tmp_path / "arrays").write_bytes(content(random_trees(leaves, 7, lowest), {"format": "1"}))
        assert type(load(case_of("gbdt", tmp_path, 1))).__name__ == kind


def dense(row: list[float]) -> float:
    for layer in range(3):
        (_, (size, width), weights), (_, _, biases) = LAYERS[f"weight{layer}"], LAYERS[f"bias{layer}"]
        row = [biases[o] + sum(row[i] * weights[i * width + o] for i in range(size)) for o in range(width)]
        row = [max(0.0, value) for value in row] if layer < 2 else row
    return 1 / (1 + math.exp(-row[0]))


@pytest.mark.parametrize("variant", ["stdlib", "numpy"])
@pytest.mark.parametrize("batch", [1, 16])
def test_the_network_is_the_specs(tmp_path, module_of, variant, batch):
    (tmp_path / "arrays").write_bytes(content(LAYERS, {"format": "1"}))
    rows = np.random.default_rng(2).normal(size=(ROWS, 131)).astype(np.float32)
    engine = module_of(variant, "mlp").Mlp(case_of("mlp", tmp_path, batch))
    held, holding = (rows.tolist(), plain) if variant == "stdlib" else (rows, ndarrays)
    assert answers(engine, held, holding, batch) == pytest.approx([dense(row) for row in rows.tolist()], abs=1e-6)


class Session:
    """As much of onnxruntime as vad needs: an answer is the frame's first number and the state's, and the state grows by one."""

    def __init__(self, *_, **__):
        self._bound = {}

    def io_binding(self):
        """Takes arrays by name."""
        take = self._bound.__setitem__
        return SimpleNamespace(bind_ortvalue_input=take, bind_ortvalue_output=take, bind_cpu_input=take)

    def run_with_iobinding(self, _):
        """One query."""
        bound = self._bound
        bound["output"][:, 0] = bound["input"][:, 0] + bound["state"][0, :, 0]
        bound["stateN"][:] = bound["state"] + 1


@pytest.mark.parametrize("batch", [1, 4])
def test_a_state_follows_its_recording_and_begins_anew_with_each_pass(tmp_path, module_of, monkeypatch, batch):
    options = SimpleNamespace(add_session_config_entry=lambda *_: None)
    value, mode = SimpleNamespace(ortvalue_from_numpy=lambda array: array), SimpleNamespace(ORT_SEQUENTIAL=0)
    fake = SimpleNamespace(SessionOptions=lambda: options, ExecutionMode=mode, InferenceSession=Session, OrtValue=value)
    monkeypatch.setitem(sys.modules, "onnxruntime", fake)
    streams = 16
    rows = np.zeros((ROWS, 576), np.float32)
    rows[:, 0] = 100 * (np.arange(ROWS) % streams)
    engine = module_of("onnxruntime", "vad").Vad(case_of("vad", tmp_path, batch, streams))
    expected = [100 * (row % streams) + row // streams for row in range(ROWS)]
    assert answers(engine, rows, ndarrays, batch) == expected
    assert answers(engine, rows, ndarrays, batch) == expected


HEAD = "tree\nversion=v4\nnum_class=1\nmax_feature_idx=9\ntree_sizes={sizes}\n\n"
TREE = (
    "Tree={number}\nnum_leaves=3\nnum_cat=0\nsplit_feature=0 9\nthreshold=0.5 1e-35\ndecision_type=2 10\n"
    "left_child=1 -1\nright_child=-3 -2\nleaf_value=0.1 0.2 0.3\n\n\n"
)
TAIL = "end of trees\n\nfeature_importances:\n\nparameters:\nend of parameters\n\npandas_categorical:null\n"


def lightgbm_text(old: str = "", new: str = "", keep: int = 1 << 20) -> str:
    trees = [TREE.format(number=number).replace(old, new) if number == 1 else TREE.format(number=number) for number in range(3)]
    return (HEAD.format(sizes=" ".join(str(len(tree)) for tree in trees)) + "".join(trees) + TAIL)[:keep]


def test_a_whole_text_of_lightgbm_passes(tmp_path, module_of):
    (tmp_path / "model").write_text(lightgbm_text())
    module_of("lightgbm", "text").check(tmp_path / "model")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "version v4"),
        (lightgbm_text().replace("v4", "v5"), "version v4"),
        (lightgbm_text().replace("max_feature_idx=9", "max_feature_idx=8"), "other features than 10"),
        (lightgbm_text(keep=400), "end of trees"),
        (lightgbm_text(keep=len(lightgbm_text()) - 30), "cut off"),
        (lightgbm_text().replace("0.3\n", "0.33\n", 1), "sizes of its head"),
        (lightgbm_text("leaf_value=0.1 0.2 0.3", "leaf_value=0.1 0.2"), "tree 1 has not 2 nodes"),
        (lightgbm_text("leaf_value=0.1", "leaf_value=x.1"), "could not convert"),
        (lightgbm_text("leaf_value=0.1", "leaf_value=nan"), "tree 1 has a threshold or a leaf"),
        (lightgbm_text("num_leaves=3", "num_leaves=4"), "tree 1 has not 3 nodes"),
        (lightgbm_text("num_leaves=3\n", ""), "num_leaves"),
        (lightgbm_text("num_cat=0", "num_cat=1"), "categories"),
        (lightgbm_text("split_feature=0 9", "split_feature=0 10"), "tree 1 is none"),
        (lightgbm_text("left_child=1", "left_child=0"), "tree 1 is none"),
        (lightgbm_text("right_child=-3", "right_child=-4"), "tree 1 is none"),
        ("\u00e4" + lightgbm_text(), "ascii"),
    ],
)
def test_a_text_that_lightgbm_would_fall_over(tmp_path, module_of, text, words):
    (tmp_path / "model").write_text(text, encoding="utf-8")
    with pytest.raises(Failure, match=words):
        module_of("lightgbm", "text").check(tmp_path / "model")
