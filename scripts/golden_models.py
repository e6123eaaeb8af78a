"""Answers of ONNX's reference evaluator to a few rows of each neural model, kept in tests/golden/models.json.

The oracle of batch inference is onnxruntime without its optimisations; this is what it is held against. NumPy one node at a time is too
slow for more than some rows. Run it where a model or the evaluator changes: `.venv/bin/python scripts/golden_models.py`.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests"))

from model_jobs import dataset, files, interpreter  # noqa: E402

GOLDEN = ROOT / "tests" / "golden" / "models.json"
ROWS = {"vad": 2, "ocr-cls": 2, "minilm": 4}
EVALUATE = """
import json, sys
import numpy as np
import onnx
from onnx.reference import ReferenceEvaluator
from onnx.reference.op_run import OpRun
from safetensors.numpy import load_file

class BatchNormalization(OpRun):
    # For inference, as the operator's text has it. The evaluator's own of operator set 9 takes any momentum, and its default, for training.
    def _run(self, x, scale, bias, mean, var, epsilon=None, **of_training):
        scale, bias, mean, var = (a.reshape(-1, *(1,) * (x.ndim - 2)) for a in (scale, bias, mean, var))
        return (((x - mean) / np.sqrt(var + epsilon) * scale + bias).astype(x.dtype),)

folder, rows = sys.argv[1], int(sys.argv[2])
inputs = {name: tensor[:rows] for name, tensor in load_file(f"{folder}/inputs.safetensors").items()}
model = onnx.load(f"{folder}/model.onnx")
if any(value.name == "state" for value in model.graph.input):
    inputs["state"] = np.zeros((2, rows, 128), np.float32)
values = ReferenceEvaluator(model, new_ops=[BatchNormalization]).run([model.graph.output[0].name], inputs)[0]
print(json.dumps([[float(f"{x:.9g}") for x in row] for row in values.reshape(rows, -1)]))
"""


def main() -> None:
    """Writes the file anew."""
    found = {}
    for model, rows in ROWS.items():
        dataset(model)
        command = [str(part) for part in (interpreter(), "-c", EVALUATE, files(model), rows)]
        found[model] = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    GOLDEN.write_text(json.dumps(found) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
