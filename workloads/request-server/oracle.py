"""The truth of each body by LightGBM's own predict: truth.py, in an environment of its own."""

import sys
from pathlib import Path
from typing import Any

import environment
from request import folder, serve

HERE = Path(__file__).resolve().parent


def oracle(request: dict[str, Any]) -> dict[str, Any]:
    """Answers every step; the answers appear in `out` when all are whole."""
    python = environment.interpreter(folder(request, "cache"), HERE / "requirements.txt")
    return environment.ask(python, HERE / "truth.py", request)


if __name__ == "__main__":
    sys.exit(serve("oracle", oracle))
