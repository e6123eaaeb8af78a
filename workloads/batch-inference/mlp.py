"""The dense network: scikit-learn's classifier on one-hot and standardised columns; its weights as arrays and as an ONNX graph of Gemm."""

import warnings
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import onnx
import polars as pl
from flights_table import CATEGORIES, NUMBERS, table
from flights_trees import model
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from safetensors.numpy import save_file
from sklearn.neural_network import MLPClassifier

HIDDEN = (64, 32)
TRAINED_ON = 60_000
EPOCHS = 8


def make(request: dict[str, Any], out: Path) -> None:
    """Trains on some of the flights that arrived; writes the model's three files."""
    frame = table(Path(request["cache"]))
    known = frame.with_row_index().drop_nulls("late")
    rng = np.random.default_rng(20130101)
    chosen = rng.permutation(known.height)[:TRAINED_ON]
    x = encoded(frame)[known["index"].to_numpy()[chosen]]
    classifier = MLPClassifier(HIDDEN, batch_size=256, max_iter=EPOCHS, tol=0.0, n_iter_no_change=EPOCHS, random_state=20130101)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that it has not converged after these epochs is meant
        classifier.fit(x, known["late"].to_numpy()[chosen])
    joblib.dump(classifier, out / "model.joblib")
    arrays = {f"weight{i}": w.astype(np.float32) for i, w in enumerate(classifier.coefs_)}
    arrays |= {f"bias{i}": b.astype(np.float32) for i, b in enumerate(classifier.intercepts_)}
    save_file({name: np.ascontiguousarray(a) for name, a in arrays.items()}, out / "arrays.safetensors", metadata={"format": "1"})
    onnx.save(network(arrays), out / "model.onnx")


def rows(request: dict[str, Any], seed: int, count: int) -> dict[str, NDArray[Any]]:
    """Flights drawn with replacement."""
    frame = table(Path(request["cache"]))
    return {"input": encoded(frame)[np.random.default_rng(seed).integers(frame.height, size=count)]}


def encoded(frame: pl.DataFrame) -> NDArray[np.float32]:
    """[flights, 131] float32: numbers standardised over all flights, 0 (the mean) where they are missing; a column for each code."""
    numbers = frame.select(((pl.col(n) - pl.col(n).mean()) / pl.col(n).std()).fill_null(0.0) for n in NUMBERS).to_numpy()
    codes = [np.eye(int(frame[name].max()) + 1)[frame[name].to_numpy()] for name in CATEGORIES]  # type: ignore[arg-type]
    return np.ascontiguousarray(np.concatenate([numbers, *codes], axis=1), dtype=np.float32)


def network(arrays: dict[str, NDArray[Any]]) -> onnx.ModelProto:
    """Gemm, Relu, Gemm, Relu, Gemm, Sigmoid."""
    nodes, last = [], "input"
    for layer in range(3):
        nodes.append(helper.make_node("Gemm", [last, f"weight{layer}", f"bias{layer}"], [f"sum{layer}"]))
        last = f"layer{layer}" if layer < 2 else "output"
        nodes.append(helper.make_node("Relu" if layer < 2 else "Sigmoid", [f"sum{layer}"], [last]))
    fixed = [numpy_helper.from_array(array, name) for name, array in arrays.items()]
    width = arrays["weight0"].shape[0]
    x = helper.make_tensor_value_info("input", TensorProto.FLOAT, ["b", width])
    return model("mlp", nodes, [x], [helper.make_tensor_value_info("output", TensorProto.FLOAT, ["b", 1])], fixed)
