"""Builds an implementation with the local toolchain, by its language's recipe; skipped where nothing it is made of has changed.

A build from nothing is a measurement: made aside, timed and thrown away, so that what is built and the caches stay as they are.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from harness.model import Build, Implementation, Language, LocalRecipe
from harness.runner.engine import Tell
from harness.runner.receipt import keep, kept, receipt
from harness.runner.sources import clean_seconds, content, digest, remember


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


def current(root: Path, implementation: Implementation, language: Language) -> str | None:
    """The digest of what is built and up to date; None where nothing is."""
    now = digest(implementation, language)
    return now if _stamped(_stamp(placeholders(root, implementation, language)), now) else None


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
    now = digest(implementation, language)
    with _alone(Path(fill["build"])):
        made = _stamped(_stamp(fill), now) or _made(implementation, language, fill, log, tell, now)
    if clean and made.outcome != "failed":
        seconds, reason = _from_nothing(implementation, language, fill, log, tell)
        if reason:
            return _failed(implementation, log, seconds, f"from nothing: {reason}")
        remember(root, "local", implementation, now, seconds)
    return replace(made, clean_seconds=clean_seconds(root, "local", implementation, now), sources=content(implementation, language))


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """One build in it at a time: a second harness waits, then finds it built."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _made(implementation: Implementation, language: Language, fill: Mapping[str, str], log: Path, tell: Tell, sources: str) -> Build:
    """Built in its place, with what the toolchain's caches hold."""
    recipe = implementation.local or language.local
    start = time.monotonic()
    reason = _run_steps(recipe, fill, implementation.folder, log, tell)
    seconds = time.monotonic() - start
    if reason:
        return _failed(implementation, log, seconds, reason)
    return _received(implementation, language, fill, log, seconds, sources)


def _from_nothing(
    implementation: Implementation, language: Language, fill: Mapping[str, str], log: Path, tell: Tell
) -> tuple[float, str | None]:
    """Seconds of a build in empty folders without the user's cache, and why it failed, where it did."""
    with tempfile.TemporaryDirectory(prefix="clean-", dir=Path(fill["build"]).parent) as aside:
        empty = {name: str(Path(aside) / name) for name in ("build", "cache", "user")}
        for folder in empty.values():
            Path(folder).mkdir()
        start = time.monotonic()
        reason = _run_steps(
            implementation.local or language.local, {**fill, **empty}, implementation.folder, log, tell, {"XDG_CACHE_HOME": empty["user"]}
        )
        return time.monotonic() - start, reason


def _received(
    implementation: Implementation, language: Language, fill: Mapping[str, str], log: Path, seconds: float, sources: str
) -> Build:
    """The record of what was built of `sources`, once it has answered; kept beside it."""
    recipe = implementation.local or language.local
    command = [part.format_map(fill) for part in recipe.run]
    hello, why = receipt(command, _environment(recipe, fill))
    if hello is None:
        return _failed(implementation, log, seconds, f"built, but it doesn't answer: {why}")
    size = Path(recipe.artifact.format_map(fill)).stat().st_size if recipe.artifact else None
    made = Build(implementation.name, "local", "built", seconds, sources, None, size, str(log), hello=hello)
    keep(_stamp(fill), made)
    return made


def _stamp(fill: Mapping[str, str]) -> Path:
    return Path(fill["build"]) / "built.json"


def _stamped(stamp: Path, now: str) -> Build | None:
    made = kept(stamp)
    return replace(made, outcome="cached") if made and made.digest == now else None


def _environment(recipe: LocalRecipe, fill: Mapping[str, str]) -> dict[str, str]:
    """The recipe's own on top of ours, for building as for running."""
    return {**os.environ, **{name: value.format_map(fill) for name, value in recipe.env.items()}}


def _run_steps(
    recipe: LocalRecipe, fill: Mapping[str, str], cwd: Path, log: Path, tell: Tell, changes: Mapping[str, str] | None = None
) -> str | None:
    """Run the recipe's commands with their output in `log`; why it failed, or None."""
    env = {**_environment(recipe, fill), **(changes or {})}
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("w", encoding="utf-8") as out:
        for step in recipe.build:
            command = [part.format_map(fill) for part in step]
            out.write(f"$ {' '.join(command)}\n")
            out.flush()
            tell(" ".join(command[:4]))
            done = subprocess.run(command, cwd=cwd, env=env, stdout=out, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, check=False)
            code = done.returncode
            if code:
                return f"`{' '.join(command[:3])} ...` ended with exit code {code}"
    return None


def _failed(implementation: Implementation, log: Path, seconds: float, reason: str) -> Build:
    return Build(implementation.name, "local", "failed", seconds, None, None, None, str(log), reason=reason)
