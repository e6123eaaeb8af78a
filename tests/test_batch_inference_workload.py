"""The scripts of batch-inference: the same seed gives the same rows, the formats of a model say the same, and the oracle is right."""

from __future__ import annotations

import json
import math
import struct
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from model_jobs import CATALOG, MODELS, WORKLOAD, dataset, files
from spoilt_models import Tensors
from workload_scripts import load, one_line, run

from harness import data

pytestmark = [pytest.mark.sessions, pytest.mark.timeout(900)]
GOLDEN = json.loads((Path(__file__).parent / "golden" / "models.json").read_text(encoding="utf-8"))


def answers(model: str) -> pl.DataFrame:
    return pl.read_parquet(Path(dataset(model)[1].answers) / f"{model}.parquet")


def generated(out: Path, seed: int, **params: Any) -> dict[str, bytes]:
    case = dataset(params["model"])[0]
    request = {"params": {**case.params, **params}, "seed": seed, "out": str(out), "cache": str(data.folder() / "downloads")}
    done = run(WORKLOAD.name, "generate.py", request)
    assert done.returncode == 0, done.stderr
    return {path.name: path.read_bytes() for path in out.iterdir()}


@pytest.mark.parametrize("model", MODELS)
def test_a_seed_draws_the_rows_and_no_seed_the_model(model: str, tmp_path: Path) -> None:
    first, same, other = (generated(tmp_path / str(n), seed, model=model) for n, seed in enumerate((7, 7, 8)))
    assert first == same
    assert {name for name in first if first[name] != other[name]} == {"inputs.safetensors"}


@pytest.mark.parametrize("model", GOLDEN)
def test_the_oracle_agrees_with_the_reference_evaluator(model: str) -> None:
    """Within a tenth of what an implementation is granted."""
    tolerance = dataset(model)[1].tolerance
    assert tolerance
    rows = answers(model).sort("row", "output").group_by("row", maintain_order=True).agg("value")["value"].to_list()
    for want, got in zip(GOLDEN[model], rows, strict=False):
        assert len(want) == len(got)
        assert max(abs(a - b) for a, b in zip(want, got, strict=True)) < tolerance.absolute / 10


def numbers(tensors: Tensors, name: str) -> tuple[float, ...]:
    entry = tensors.header[name]
    code, begin, end = {"F32": "f", "F64": "d", "I32": "i", "U8": "B"}[entry["dtype"]], *entry["data_offsets"]
    return struct.unpack(f"<{(end - begin) // struct.calcsize(code)}{code}", tensors.data[begin:end])


def test_the_arrays_walked_as_the_spec_says_give_lightgbm_s_answers() -> None:
    trees = Tensors(files("gbdt") / "arrays.safetensors")
    a = {name: numbers(trees, name) for name in trees.names}
    rows = Tensors(files("gbdt") / "inputs.safetensors")
    x, width = numbers(rows, "input"), rows.header["input"]["shape"][1]
    assert any(map(math.isnan, x))
    for row, want in answers("gbdt").select("row", "value").iter_rows():
        s = 0.0
        for first in a["tree"][:-1]:
            node = first
            while node >= 0:
                value = x[row * width + a["feature"][node]]
                left = a["default_left"][node] if math.isnan(value) else value <= a["threshold"][node]
                node = a["left" if left else "right"][node]
            s += a["leaf"][-1 - node]
        assert math.isclose(1 / (1 + math.exp(-s)), want, rel_tol=1e-12)


def test_thresholds_are_rounded_down() -> None:
    """A float32 is at most the threshold exactly where it is at most the float32 below it."""
    trees = Tensors(files("gbdt") / "arrays.safetensors")
    model = (files("gbdt") / "model.onnx").read_bytes()
    for threshold in numbers(trees, "threshold"):
        (near,) = struct.unpack("<f", struct.pack("<f", threshold))
        bits = struct.unpack("<i", struct.pack("<f", near))[0]
        step = 1 if near < 0 or near == 0 else -1
        below = near if near <= threshold else struct.unpack("<f", struct.pack("<i", bits + step))[0]
        assert below <= threshold and struct.pack("<f", below) in model


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"model": "bert"}, "give one of gbdt"),
        ({"batch": 3}, "does not divide"),
        ({"rows": 0}, "`rows` is 0"),
        ({"rwos": 3}, "unknown rwos"),
        ({"model": "vad", "streams": 3, "batch": 1}, "`streams`"),
    ],
)
def test_a_mistake_in_the_parameters_is_told_in_one_line(changed: dict[str, Any], words: str, tmp_path: Path) -> None:
    request = {"params": {"model": "gbdt", "batch": 32, "rows": 256, "queries": 0, **changed}, "seed": 1, "out": str(tmp_path / "out")}
    assert words in one_line(run(WORKLOAD.name, "generate.py", {**request, "cache": str(data.folder() / "downloads")}))


def test_every_model_says_where_it_is_from() -> None:
    manifest = load(WORKLOAD.name, "manifest")
    for model in MODELS:
        entry = manifest.entry(model)
        assert all(entry[key] for key in ("title", "source", "licence", "rows", "oracle")) and entry["tolerance"]["why"]
        assert all(len(package.sha256) == 64 for package in manifest.packages(model).values())


def test_a_data_set_has_its_model_s_tolerance() -> None:
    assert {model: dataset(model)[1].tolerance.absolute for model in ("gbdt", "minilm")} == {"gbdt": 1e-5, "minilm": 1e-4}  # type: ignore[union-attr]


def test_every_case_has_rows_that_its_batch_divides() -> None:
    for case in CATALOG.workloads[WORKLOAD.name].cases:
        assert int(case.params["rows"]) % int(case.params["batch"]) == 0
