"""Runs in the workload's environment: LightGBM's own predict, a float64 forward pass, and onnxruntime without any of its optimisations."""

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import lightgbm
import manifest
import numpy as np
import polars as pl
from numpy.typing import NDArray
from request import Mistake, mapping, serve
from safetensors.numpy import load_file

# Official builds for Linux tell their maker of themselves, unless this is set before the import.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"
import onnxruntime

CHUNK = 256
Tensors = dict[str, NDArray[Any]]


def oracle(request: dict[str, Any]) -> dict[str, Any]:
    """Writes `<step>.parquet` for each step: row, output, value."""
    params, inputs, out = mapping(request, "params"), mapping(request, "inputs"), Path(request["out"])
    name = manifest.model(params)
    rows = load_file(inputs["inputs"])
    values = MODELS[name](inputs, rows, params)
    for step in request["steps"]:
        match step.removeprefix(name):
            case "":
                answer = values
            case "-stream":
                answer = values[: params["queries"]]
            case "-call":
                answer = rows["input"][:, :1]
            case _:
                raise Mistake(f"no step {step} of {name}")
        _write(answer, out / f"{step}.parquet")
    return {"steps": request["steps"]}


def gbdt(inputs: dict[str, str], rows: Tensors, params: dict[str, Any]) -> NDArray[Any]:
    """[rows, 1], by the library that trained the trees."""
    return np.asarray(lightgbm.Booster(model_file=inputs["lightgbm"]).predict(rows["input"].astype(np.float64)))[:, None]


def mlp(inputs: dict[str, str], rows: Tensors, params: dict[str, Any]) -> NDArray[Any]:
    """[rows, 1], in float64 throughout."""
    arrays, x = load_file(inputs["arrays"]), rows["input"].astype(np.float64)
    for layer in range(3):
        x = x @ arrays[f"weight{layer}"].astype(np.float64) + arrays[f"bias{layer}"]
        x = np.maximum(x, 0.0) if layer < 2 else 1.0 / (1.0 + np.exp(-x))
    return x


def vad(inputs: dict[str, str], rows: Tensors, params: dict[str, Any]) -> NDArray[Any]:
    """[rows, 1], all recordings a frame at a time."""
    session, streams = plain(inputs["onnx"]), params["streams"]
    state, found = np.zeros((2, streams, 128), np.float32), []
    for frames in rows["input"].reshape(-1, streams, rows["input"].shape[1]):
        probability, state = session.run(["output", "stateN"], {"input": frames, "state": state})
        found.append(probability)
    return np.concatenate(found)


def neural(inputs: dict[str, str], rows: Tensors, params: dict[str, Any]) -> NDArray[Any]:
    """[rows, outputs], in chunks."""
    session, count = plain(inputs["onnx"]), len(next(iter(rows.values())))
    chunks = ({name: tensor[at : at + CHUNK] for name, tensor in rows.items()} for at in range(0, count, CHUNK))
    return np.concatenate([session.run(None, chunk)[0] for chunk in chunks])


def plain(path: str) -> onnxruntime.InferenceSession:
    """The graph node by node, as it stands in the file."""
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.intra_op_num_threads = 1
    return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])


MODELS: dict[str, Callable[[dict[str, str], Tensors, dict[str, Any]], NDArray[Any]]] = {
    "gbdt": gbdt,
    "mlp": mlp,
    "vad": vad,
    "ocr-cls": neural,
    "minilm": neural,
}


def _write(values: NDArray[Any], path: Path) -> None:
    count, width = values.shape
    row, output = np.divmod(np.arange(count * width), width)
    pl.DataFrame({"row": row, "output": output, "value": values.astype(np.float64).ravel()}).write_parquet(path)


if __name__ == "__main__":
    sys.exit(serve("truth", oracle))
