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
from safetensors.numpy import load_file

folder, rows = sys.argv[1], int(sys.argv[2])
inputs = {name: tensor[:rows] for name, tensor in load_file(f"{folder}/inputs.safetensors").items()}
model = onnx.load(f"{folder}/model.onnx")
for node in model.graph.node:  # in operator set 9 only training knows a momentum; the evaluator takes it for an order to train
    if node.op_type == "BatchNormalization":
        kept = [a for a in node.attribute if a.name != "momentum"]
        del node.attribute[:]
        node.attribute.extend(kept)
if any(value.name == "state" for value in model.graph.input):
    inputs["state"] = np.zeros((2, rows, 128), np.float32)
values = ReferenceEvaluator(model).run([model.graph.output[0].name], inputs)[0]
print(json.dumps([[float(f"{x:.9g}") for x in row] for row in values.reshape(rows, -1)]))
"""


def main() -> None:
    """Writes the file anew."""
    found = {}
    for model, rows in ROWS.items():
        dataset(model)
        command = [interpreter(), "-c", EVALUATE, files(model), str(rows)]
        found[model] = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    GOLDEN.write_text(json.dumps(found) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
