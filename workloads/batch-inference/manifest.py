"""models.toml as the scripts read it: which models there are, their packages, how far an answer may be off."""

import hashlib
import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import nycflights
from packages import Package
from request import Mistake

HERE = Path(__file__).resolve().parent
ON_FLIGHTS = ("gbdt", "mlp")
MODELS = ("gbdt", "mlp", "vad", "ocr-cls", "minilm")
KNOWN = {"model", "batch", "rows", "queries", "streams"}


def model(params: dict[str, Any]) -> str:
    """The model that a case names."""
    name = params.get("model")
    if name not in MODELS:
        raise Mistake(f"`model` is {name!r}; give one of {', '.join(MODELS)}")
    if unknown := sorted(set(params) - KNOWN):
        raise Mistake(f"`params` has unknown {', '.join(unknown)}; known here: {', '.join(sorted(KNOWN))}")
    return str(name)


def entry(name: str) -> dict[str, Any]:
    """Its table in models.toml."""
    return dict(tomllib.loads((HERE / "models.toml").read_text(encoding="utf-8"))[name])


def packages(name: str) -> dict[str, Package]:
    """By the key in models.toml: the files of packages that the model and its rows are made of."""
    found = {key: entry(name)[key] for key in ("package", "weights") if key in entry(name)}
    if name == "vad":
        found["speech"] = entry("speech")["package"]
    named = {key: Package(p["name"], p["version"], p["file"], p["sha256"], p.get("backend")) for key, p in found.items()}
    return {**named, "flights": nycflights.PACKAGE} if name in ON_FLIGHTS else named


def digest(paths: Iterable[Path]) -> str:
    """Of files' bytes, short enough for a folder's name."""
    seen = hashlib.sha256()
    for path in paths:
        seen.update(path.read_bytes())
    return seen.hexdigest()[:24]
