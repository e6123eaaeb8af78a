"""Runs in the workload's environment: makes a model's files once, draws the rows, and puts both into `out`."""

import os
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

import flights_trees
import manifest
import minilm
import mlp
import ocr_cls
import vad
from request import Mistake, folder, mapping, serve, whole
from safetensors.numpy import save_file

MAKERS: dict[str, Any] = {"gbdt": flights_trees, "mlp": mlp, "vad": vad, "ocr-cls": ocr_cls, "minilm": minilm}
FILES = {"onnx": "model.onnx", "arrays": "arrays.safetensors", "lightgbm": "model.txt", "sklearn": "model.joblib", "call": "call.onnx"}


def make(request: dict[str, Any]) -> dict[str, Any]:
    """The manifest, once the files lie in the request's `out`."""
    params, seed, out = mapping(request, "params"), whole(request, "seed", 0, 2**64 - 1), folder(request, "out")
    name = manifest.model(params)
    rows = whole(params, "rows", 1, 10**6)
    batch = whole(params, "batch", 1, rows)
    if rows % batch:
        raise Mistake(f"`rows` is {rows}, which `batch` ({batch}) does not divide")
    whole(params, "queries", 0, rows)
    kept = _kept(Path(request["kept"]) / name, MAKERS[name], request)
    inputs = {key: file for key, file in FILES.items() if (kept / file).exists()}
    for file in inputs.values():
        _link(kept / file, out / file)
    save_file(MAKERS[name].rows(request, seed, rows), out / "inputs.safetensors")
    entry = manifest.entry(name)
    facts = {"source": entry["source"], "licence": entry["licence"], "rows": rows, "oracle": entry["oracle"]}
    return {
        "inputs": {"inputs": "inputs.safetensors", **inputs},
        "units": rows,
        "facts": facts,
        "tolerance": {key: entry["tolerance"][key] for key in ("relative", "absolute")},
    }


def _kept(home: Path, maker: Any, request: dict[str, Any]) -> Path:
    """The folder of the model's files, made where it is not there yet."""
    if not home.exists():
        with tempfile.TemporaryDirectory(dir=home.parent, prefix=".model-") as aside:
            made = Path(aside, "made")
            made.mkdir()
            print(f"generate: making {home.name}", file=sys.stderr)
            maker.make(request, made)
            try:
                made.rename(home)
            except OSError:  # another bench was quicker: what it made is the same
                if not home.exists():
                    raise
    return home


def _link(kept: Path, wanted: Path) -> None:
    """A model is some 100 MB, and each case and seed has a folder of its own."""
    try:
        os.link(kept, wanted)
    except OSError:
        shutil.copyfile(kept, wanted)


if __name__ == "__main__":
    sys.exit(serve("making", make))
