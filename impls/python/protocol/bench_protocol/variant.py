"""A variant's folder: who it is (`hello`), and its workload's module, loaded by path.

By path and never by name: a folder called `polars` must not shadow the library of that name.
"""

import importlib.util
import os
import sys
import tomllib
from base64 import urlsafe_b64decode
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, files, version
from pathlib import Path
from time import monotonic_ns
from typing import Any, cast

from bench_protocol.contract import Workload
from bench_protocol.failure import Failure
from bench_protocol.wire import VERSION

# OpenBLAS and OpenMP read these when they are loaded; Polars sizes its thread pool once, at its import.
THREAD_LIMITS = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "NUMEXPR_MAX_THREADS",
    "POLARS_MAX_THREADS",
)


def hello(folder: Path) -> dict[str, Any]:
    implementation = sys.implementation.name.replace("cpython", "CPython")
    return {
        "protocol": VERSION,
        "language": "python",
        "variant": folder.name,
        "runtime": f"{implementation} {sys.version.split()[0]}{_free_threaded()}",
        "libraries": _libraries(folder / "impl.toml"),
        "parallelism": getattr(os, "process_cpu_count", os.cpu_count)(),
        "clock": "CLOCK_MONOTONIC",
        "allocator": os.environ.get("PYTHONMALLOC") or ("mimalloc" if _free_threaded() else "pymalloc"),
        "now_ns": monotonic_ns(),
    }


def load_workload(folder: Path, name: str, threads: int) -> Workload:
    path = folder / f"{name}.py"
    if path.parent != folder or not path.is_file():
        raise Failure("unsupported", f"{folder.name} has no {name}.py")
    os.environ.update(dict.fromkeys(THREAD_LIMITS, str(threads)))
    spec = importlib.util.spec_from_file_location("bench_workload", path)
    assert spec is not None and spec.loader is not None  # both are there for every file that ends in .py
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    sys.path.append(str(folder))  # last, for the file's neighbours: what is installed comes first
    spec.loader.exec_module(module)
    return cast(Workload, module)


def _free_threaded() -> str:
    return "t" if "t" in sys.abiflags else ""


def _libraries(manifest: Path) -> dict[str, str]:
    """Versions as installed, read from their metadata: the libraries are not imported before the request."""
    dependencies = tomllib.loads(manifest.read_text(encoding="utf-8"))["dependencies"]
    names = [pin.partition("==")[0] for pin in dependencies["direct"]]
    try:
        return {name: version(name) for name in names} | dict(_binaries(names, dependencies.get("binaries", [])))
    except PackageNotFoundError as error:
        raise Failure("internal", f"{error.name} is not installed; install {manifest.parent}/requirements.txt") from error


def _binaries(names: list[str], patterns: list[str]) -> Iterator[tuple[str, str]]:
    """Files that do the work inside, by the digests that were installed with them: to read tens of megabytes would delay the start."""
    for file in (file for name in names for file in files(name) or () if any(map(file.match, patterns))) if patterns else ():
        if file.hash:
            digest = urlsafe_b64decode(file.hash.value + "=" * (-len(file.hash.value) % 4))
            yield file.name, f"{file.hash.mode}:{digest.hex()}"
