"""The model, the store's records and the bodies of requests: prepares an environment, in which making.py does the work.

The model is the same for every seed; records and bodies are drawn by it.
"""

import sys
from pathlib import Path
from typing import Any

import environment
import nycflights
from packages import fetch
from request import folder, serve

HERE = Path(__file__).resolve().parent


def generate(request: dict[str, Any]) -> dict[str, Any]:
    """Writes all inputs into the request's `out` and returns the manifest."""
    cache = folder(request, "cache")
    fetch(cache, nycflights.PACKAGE)
    return environment.ask(environment.interpreter(cache, HERE / "requirements.txt"), HERE / "making.py", request)


if __name__ == "__main__":
    sys.exit(serve("generate", generate))
