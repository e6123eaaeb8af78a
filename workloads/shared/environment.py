"""A Python environment for scripts whose libraries the harness itself has no use for: locked wheels, made once in the cache."""

import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import venv
from pathlib import Path
from typing import Any

from packages import complaint
from request import Mistake


def interpreter(cache: Path, requirements: Path) -> Path:
    """Its python; the environment is named by the lock's digest and the version of this interpreter. Mistake where pip fails."""
    name = hashlib.sha256(requirements.read_bytes() + sys.version.encode()).hexdigest()[:24]
    home = cache / f"environment-{name}"
    if not (home / "bin" / "python").exists():
        cache.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=cache, prefix=".environment-") as aside:
            _make(Path(aside, "made"), requirements)
            try:
                Path(aside, "made").rename(home)
            except OSError:  # another bench was quicker: what it made is the same
                shutil.rmtree(Path(aside, "made"), ignore_errors=True)
    return home / "bin" / "python"


def ask(python: Path, script: Path, request: dict[str, Any]) -> dict[str, Any]:
    """What the script answers to the request, JSON in and out as here; its complaint is ours."""
    # One thread: what is trained must not depend on how many there are.
    limits = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")
    done = subprocess.run(
        [python, script], input=json.dumps(request), capture_output=True, text=True, check=False, env={**os.environ, **limits}
    )
    if done.returncode:
        raise Mistake((done.stderr.strip() or f"{script.name} ended with {done.returncode}").splitlines()[-1])
    return dict(json.loads(done.stdout.splitlines()[-1]))


def _make(home: Path, requirements: Path) -> None:
    venv.create(home, symlinks=True)
    pip = [sys.executable, "-m", "pip", "--python", str(home / "bin" / "python"), "install", "--quiet", "--no-input"]
    command = [*pip, "--require-hashes", "--only-binary=:all:", f"--requirement={requirements}"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise Mistake(f"{requirements}: pip could not install it ({complaint(done)}); is the package index within reach?")
