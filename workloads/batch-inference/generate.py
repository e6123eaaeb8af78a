"""A model in its formats and rows for it: prepares packages and an environment of its own, in which making.py does the work.

The models are the same for every seed; the rows are drawn by it.
"""

import sys
from pathlib import Path
from typing import Any

import environment
import manifest
from packages import fetch
from request import folder, mapping, serve

HERE = Path(__file__).resolve().parent
SHARED = HERE.parent / "shared"


def generate(request: dict[str, Any]) -> dict[str, Any]:
    """Writes the model's files and `inputs.safetensors` into the request's `out` and returns the manifest."""
    params, cache = mapping(request, "params"), folder(request, "cache")
    model = manifest.model(params)
    packages = {name: str(fetch(cache, package)) for name, package in manifest.packages(model).items()}
    # Kept by all that a model is made of, beside the data sets, which link to it.
    kept = folder({"kept": str(cache / f"models-{_digest()}")}, "kept")
    python = environment.interpreter(cache, HERE / "requirements.txt")
    return environment.ask(python, HERE / "making.py", {**request, "packages": packages, "kept": str(kept)})


def _digest() -> str:
    return manifest.digest(sorted([*HERE.glob("*.py"), *SHARED.glob("flights_*.py"), HERE / "models.toml", HERE / "requirements.txt"]))


if __name__ == "__main__":
    sys.exit(serve("generate", generate))
