"""Names the state of an implementation's sources, and remembers how long each build of that state from nothing took on this machine."""

from __future__ import annotations

import hashlib
import os
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import msgspec

from harness.model import Implementation, Language

IGNORED = {"target", "__pycache__", ".git", ".mypy_cache", ".ruff_cache", ".pytest_cache"}


class _Clean(msgspec.Struct):
    """`seconds` was one number, of the last build, in memos of older versions."""

    sources: str
    seconds: float | tuple[float, ...]


def _files(implementation: Implementation, language: Language) -> Iterator[Path]:
    """Its own files and those that its language's variants share, but not the other variants'; what it takes from beside its language."""
    yield from _below(language.folder, implementation)
    for place in implementation.beside:
        yield from _below(place, implementation) if place.is_dir() else (place,)


def _below(top: Path, implementation: Implementation) -> Iterator[Path]:
    for folder, names, files in os.walk(top):
        here = Path(folder)
        names[:] = sorted(
            n for n in names if n not in IGNORED and (here / n == implementation.folder or not (here / n / "impl.toml").exists())
        )
        yield from (here / name for name in sorted(files))


def digest(implementation: Implementation, language: Language) -> str:
    """Names the state of its sources and recipe, and the interpreter that a local build may link."""
    return _digest(implementation, language, sys.version.encode())


def content(implementation: Implementation, language: Language, recipe: bytes = b"") -> str:
    """Names its sources and recipe alone: the same on every machine."""
    return _digest(implementation, language, recipe)


def _digest(implementation: Implementation, language: Language, first: bytes) -> str:
    seen = hashlib.sha256(first)
    for path in _files(implementation, language):
        seen.update(os.path.relpath(path, language.folder).encode() + b"\0" + hashlib.sha256(path.read_bytes()).digest())
    return f"sha256:{seen.hexdigest()}"


def _memo(root: Path, engine: str, implementation: Implementation) -> Path:
    return root / ".bench" / "clean" / f"{engine}-{implementation.language}-{implementation.variant}.json"


def remember(root: Path, engine: str, implementation: Implementation, sources: str, seconds: float) -> None:
    """Keep the seconds of one more build of `sources` (their digest) from nothing; those of other sources are dropped."""
    memo = _memo(root, engine, implementation)
    known = clean_seconds(root, engine, implementation, sources)
    memo.parent.mkdir(parents=True, exist_ok=True)
    memo.write_bytes(msgspec.json.encode(_Clean(sources, (*known, seconds))))


def clean_seconds(root: Path, engine: str, implementation: Implementation, sources: str) -> tuple[float, ...]:
    """Seconds of each build from nothing of these very `sources` (their digest), in the order made; none where none was measured."""
    with suppress(OSError, msgspec.MsgspecError):
        known = msgspec.json.decode(_memo(root, engine, implementation).read_bytes(), type=_Clean)
        if known.sources == sources:
            return known.seconds if isinstance(known.seconds, tuple) else (known.seconds,)
    return ()
