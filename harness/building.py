"""Engines and builds as the command line asks for them: which engine, what can be built here, all built, and from nothing in rounds."""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from harness.catalog import Catalog
from harness.catalog import load_generator as load_tool
from harness.model import Build, Implementation, UserError
from harness.progress import Progress
from harness.runner import docker_build
from harness.runner.docker import DockerEngine
from harness.runner.engine import Engine, EngineError
from harness.runner.local import LocalEngine

Say = Callable[[str], None]


def engines(root: Path) -> list[Engine]:
    """Every engine that answers on this machine."""
    found: list[Engine] = [LocalEngine(root)]
    with suppress(EngineError):
        found.append(DockerEngine(root))
    return found


def engine(name: str, root: Path, say: Say) -> Engine:
    """The engine asked for; `auto` takes containers where a daemon answers, and says so where none does."""
    if name == "local":
        return LocalEngine(root)
    try:
        return DockerEngine(root)
    except EngineError as error:
        if name == "docker":
            raise
        say(f"{str(error).split(';', maxsplit=1)[0]}: running as {LocalEngine.isolation}")
        return LocalEngine(root)


def build_all(
    catalog: Catalog, engine: Engine, chosen: Sequence[Implementation], progress: Progress, *,
    clean: bool = False, yes: bool = False, rounds: int = 1, seed: int | None = None,
) -> tuple[Build, ...]:  # fmt: skip
    """Build each; a failure is named with its log and last lines, and the others go on.

    With `clean` from nothing, so many `rounds` over all of them, each in an order drawn from `seed`, so that a machine that slows down
    favours none. What failed once is not tried again. UserError for rounds of what is not from nothing: caches would answer them.
    """
    if rounds > 1 and not clean:
        raise UserError("--rounds repeats builds from nothing; add --clean")
    if isinstance(engine, DockerEngine):
        docker_build.ensure_bases(catalog.root, engine.api, progress.say, yes=yes)
    built: dict[str, Build] = {}
    queue = _rounds(chosen, rounds, seed)
    with progress:
        for number, impl in enumerate(queue, 1):
            if impl.name in built and built[impl.name].outcome == "failed":
                continue
            progress.building(impl.name, number, len(queue))
            log = catalog.root / ".bench" / "logs" / f"{engine.name}-{impl.language}-{impl.variant}.log"
            made = engine.build(impl, catalog.languages[impl.language], log, progress.line, clean=clean)
            progress.built(made, number, len(queue))
            if made.outcome == "failed":
                progress.say(log_tail(Path(made.log)))
            elif clean:
                progress.say(f"    from nothing: {made.clean_seconds[-1]:.1f} s")
            built[impl.name] = made
    return tuple(built[impl.name] for impl in chosen)


def _rounds(chosen: Sequence[Implementation], rounds: int, seed: int | None) -> list[Implementation]:
    """One after another as they are named; of several rounds each in an order of its own, without a seed another each time."""
    if rounds == 1:
        return list(chosen)
    rng = random.Random(seed)  # noqa: S311 - an order, no secret
    return [impl for _ in range(rounds) for impl in rng.sample(chosen, len(chosen))]


def ready(
    catalog: Catalog, eng: Engine, chosen: Sequence[Implementation], progress: Progress, *, clean_builds: int, yes: bool
) -> tuple[Build, ...]:
    """All of them built, and all from nothing as often as is asked for, where one has not been: rounds on one side alone are no rounds.

    What fails from nothing (a registry that doesn't answer) was built before, and runs.
    """
    builds = build_all(catalog, eng, chosen, progress, yes=yes)
    sound = [impl for impl, build in zip(chosen, builds, strict=True) if build.outcome != "failed"]
    if all(len(b.clean_seconds) >= clean_builds for b in builds if b.outcome != "failed"):
        return builds
    anew = build_all(catalog, eng, sound, progress, clean=True, rounds=clean_builds, yes=yes)
    made = {b.implementation: b for b in anew if b.outcome != "failed"}
    return tuple(made.get(b.implementation, b) for b in builds)


def load_generator(catalog: Catalog, eng: Engine, progress: Progress) -> Build:
    """What makes the requests of a served workload. UserError where it can't be built: without it nothing of that is measured."""
    tool, language = load_tool(catalog)
    log = catalog.root / ".bench" / "logs" / f"{eng.name}-{tool.language}-{tool.variant}.log"
    with progress:
        made = eng.build(tool, language, log, progress.line, clean=False)
    if made.outcome == "failed":
        progress.say(log_tail(log))
        raise UserError(f"{language.title} was not built: {made.reason}")
    return made


def log_tail(log: Path, lines: int = 8) -> str:
    """The last lines of a build's log, indented, and where the whole is."""
    text = log.read_text(encoding="utf-8", errors="replace").splitlines()[-lines:] if log.exists() else []
    return "\n".join([*(f"    {line[:200]}" for line in text), f"    the whole log: {log}"])


def build_row(build: Build) -> dict[str, object]:
    """For --json."""
    row = asdict(build)
    del row["hello"]
    return row


def buildable(catalog: Catalog, chosen: Sequence[Implementation], eng: Engine, say: Say) -> tuple[Implementation, ...]:
    """Those whose toolchain is here; a language that is left out is named, and so is what only a container can hold."""
    lacking = {name: eng.lacks(lang) for name, lang in catalog.languages.items() if any(i.language == name for i in chosen)}
    for name, tools in lacking.items():
        if tools:
            say(f"without {catalog.languages[name].title}: no {', '.join(tools)} on PATH; install it, or start a Docker daemon")
    without = _without(chosen, say) if eng.name == "local" else set()
    return tuple(i for i in chosen if not lacking[i.language] and i.name not in without)


def _without(chosen: Sequence[Implementation], say: Say) -> set[str]:
    """Those that this machine cannot build outside of a container, each named."""
    if contained := [i.name for i in chosen if i.contained]:
        say(f"without {', '.join(contained)}: what runs them is made in an image; start a Docker daemon")
    lacking = {i.name: [tool for tool in i.local.requires if not shutil.which(tool)] for i in chosen if i.local}
    for name, tools in lacking.items():
        if tools:
            say(f"without {name}: no {', '.join(tools)} on PATH; install it, or start a Docker daemon")
    return {*contained, *(name for name, tools in lacking.items() if tools)}


def portable(builds: Sequence[Build], root: Path) -> tuple[Build, ...]:
    """As they are recorded: logs by their place in the checkout."""
    return tuple(replace(b, log=str(Path(b.log).relative_to(root))) for b in builds)


def docker_facts(root: Path) -> dict[str, Any]:
    """For the doctor: whether a daemon answers, with which client, and which base images are at hand."""
    try:
        eng = DockerEngine(root)
    except EngineError as error:
        return {"error": str(error)}
    have, lacking = docker_build.bases(root, eng.api)
    try:
        client: str | None = docker_build.client(root)
    except UserError:
        client = None
    return {**eng.version(), "client": client, "bases": have, "lacking": lacking}
