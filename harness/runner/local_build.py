"""Builds an implementation with the local toolchain, by its language's recipe; skipped where nothing it is made of has changed."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import msgspec

from harness.model import Build, Implementation, Language
from harness.runner.engine import Tell
from harness.runner.receipt import receipt

IGNORED = {"target", "__pycache__", ".git", ".mypy_cache", ".ruff_cache", ".pytest_cache"}


def placeholders(root: Path, implementation: Implementation, language: Language) -> Mapping[str, str]:
    """What the strings of a recipe may name."""
    base = root / ".bench" / "build"
    return {
        "impl": str(implementation.folder),
        "language": str(language.folder),
        "variant": implementation.variant,
        "build": str(base / f"{language.name}-{implementation.variant}"),
        "cache": str(base / language.name),
        "python": sys.executable,
    }


def _sources(implementation: Implementation, language: Language) -> Iterator[Path]:
    """Its own files and those that its language's variants share, but not the other variants'."""
    for folder, names, files in os.walk(language.folder):
        here = Path(folder)
        names[:] = sorted(
            n for n in names if n not in IGNORED and (here / n == implementation.folder or not (here / n / "impl.toml").exists())
        )
        yield from (here / name for name in sorted(files))


def digest(implementation: Implementation, language: Language) -> str:
    """Names the state of its sources and recipe."""
    seen = hashlib.sha256(sys.version.encode())
    for path in _sources(implementation, language):
        seen.update(str(path.relative_to(language.folder)).encode() + b"\0" + hashlib.sha256(path.read_bytes()).digest())
    return f"sha256:{seen.hexdigest()}"


def current(root: Path, implementation: Implementation, language: Language) -> str | None:
    """The digest of what is built and up to date; None where nothing is."""
    now = digest(implementation, language)
    stamp = Path(placeholders(root, implementation, language)["build"]) / "built.json"
    return now if _stamped(stamp, now) else None


def missing(language: Language) -> list[str]:
    """The tools of its recipe that are not on PATH."""
    return [tool for tool in language.requires if not shutil.which(tool)]


def build(root: Path, implementation: Implementation, language: Language, log: Path, tell: Tell, *, clean: bool) -> Build:
    """Build it; a failure is a Build with the reason and the log's last lines."""
    if lacking := missing(language):
        return _failed(
            implementation,
            log,
            0.0,
            f"{language.title} is not on this machine: no {', '.join(lacking)} on PATH; install it or use --engine docker",
        )
    fill = placeholders(root, implementation, language)
    stamp = Path(fill["build"]) / "built.json"
    now = digest(implementation, language)
    if not clean and (cached := _stamped(stamp, now)):
        return cached
    if clean:
        shutil.rmtree(fill["build"], ignore_errors=True)
    Path(fill["build"]).mkdir(parents=True, exist_ok=True)
    start = time.monotonic()
    if reason := _run_steps(language, fill, implementation.folder, log, tell):
        return _failed(implementation, log, time.monotonic() - start, reason)
    seconds = time.monotonic() - start
    command = [part.format_map(fill) for part in language.local.run]
    env = {**os.environ, **{k: v.format_map(fill) for k, v in language.local.env.items()}}
    hello, reason = receipt(command, env)
    if hello is None:
        return _failed(implementation, log, seconds, f"built, but it doesn't answer: {reason}")
    artifact = language.local.artifact
    size = Path(artifact.format_map(fill)).stat().st_size if artifact else None
    made = Build(implementation.name, "local", "built", seconds, now, None, size, str(log), hello=hello)
    stamp.write_bytes(msgspec.json.encode(made))
    return made


def _stamped(stamp: Path, now: str) -> Build | None:
    try:
        made = msgspec.json.decode(stamp.read_bytes(), type=Build)
    except (OSError, msgspec.MsgspecError):
        return None
    return replace(made, outcome="cached") if made.digest == now else None


def _run_steps(language: Language, fill: Mapping[str, str], cwd: Path, log: Path, tell: Tell) -> str | None:
    """Run the recipe's commands with their output in `log`; why it failed, or None."""
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("w", encoding="utf-8") as out:
        for step in language.local.build:
            command = [part.format_map(fill) for part in step]
            out.write(f"$ {' '.join(command)}\n")
            out.flush()
            tell(" ".join(command[:4]))
            code = subprocess.run(command, cwd=cwd, stdout=out, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, check=False).returncode
            if code:
                return f"`{' '.join(command[:3])} ...` ended with exit code {code}"
    return None


def _failed(implementation: Implementation, log: Path, seconds: float, reason: str) -> Build:
    return Build(implementation.name, "local", "failed", seconds, None, None, None, str(log), reason=reason)
