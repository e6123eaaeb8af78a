"""Hands nasty flights files to every implementation of csv-etl: none may crash, hang, lose a row or judge one otherwise than the oracle.

`scripts/nasty.py` runs all seeds of workloads/csv-etl/nasty.py, `scripts/nasty.py --seed 17 --select go/std` one again.
Local builds, side by side on the cores; every fourth file at two threads. Exit code 1 where anything was found.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import asdict, dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import click
from rich.console import Console

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(Path(__file__).resolve().parent))

from nasty_run.compare import Difference, compare  # noqa: E402
from nasty_run.programs import Program, Runner  # noqa: E402
from nasty_run.truth import Oracle, Truth  # noqa: E402

from harness import building, catalog  # noqa: E402
from harness.model import Implementation, Step, UserError, Workload  # noqa: E402
from harness.progress import Progress  # noqa: E402
from harness.runner import local_build  # noqa: E402

WORKLOAD = "csv-etl"
KINDS = ("refusal", "error", "tally", "rejects", "rows", "crashed", "hung")
TWO_THREADS_EVERY = 4


@dataclass(frozen=True, slots=True)
class Finding:
    """What an implementation did with a file; `differences` is empty where it agrees."""

    seed: int
    implementation: str
    threads: int
    refused: bool
    differences: tuple[Difference, ...]


class Bench:
    """One worker's programs, with folders of its own."""

    def __init__(self, workload: Workload, programs: Sequence[Program], folder: Path) -> None:
        self._workload = workload
        self._programs = programs
        self._runners: dict[tuple[str, int], Runner] = {}
        self._flights, self._outputs = folder / "flights.csv", folder / "out"
        self._outputs.mkdir()
        self._oracle = Oracle(workload.folder, folder)

    def run(self, seed: int) -> list[Finding]:
        """Every implementation on the file of a seed."""
        self._flights.write_bytes(self._oracle.file(seed))
        truth = self._oracle.truth(self._flights)
        threads = 2 if seed % TWO_THREADS_EVERY == TWO_THREADS_EVERY - 1 else 1
        return [self._one(program, seed, truth, threads) for program in self._programs]

    def close(self) -> None:
        """End the drivers."""
        for runner in self._runners.values():
            runner.close()

    def _one(self, program: Program, seed: int, truth: Truth, threads: int) -> Finding:
        steps = [step for step in self._workload.steps if step.name in program.steps]
        # A job ends with its first error, so a file that is to be refused is handed over once a step.
        jobs = [[step] for step in steps] if truth.refused else [steps]
        found = [difference for job in jobs for difference in self._job(program, job, seed, truth, threads)]
        return Finding(seed, program.name, threads, truth.refused is not None, tuple(found))

    def _job(self, program: Program, steps: list[Step], seed: int, truth: Truth, threads: int) -> list[Difference]:
        for left in self._outputs.iterdir():
            # One that was killed leaves its working folder.
            shutil.rmtree(left) if left.is_dir() else left.unlink()
        runner = self._runners.setdefault((program.name, threads), Runner(program))
        answer = runner.run(self._request(steps, seed, threads))
        return compare(self._workload, steps, truth, answer, self._outputs)

    def _request(self, steps: list[Step], seed: int, threads: int) -> dict[str, Any]:
        inputs = {"flights": str(self._flights), **{name: str(path) for name, path in self._oracle.inputs.items()}}
        return {
            "protocol": 1, "workload": WORKLOAD, "inputs": inputs, "params": {"repeat": 1, "spoilt": 0.0, "table": 0},
            "steps": [step.name for step in steps], "warmup": 0, "timed": 1, "threads": threads, "seed": seed,
            "time_limit_s": 60, "answers": None, "outputs": str(self._outputs), "meter": None,
        }  # fmt: skip


def programs(cat: catalog.Catalog, select: Sequence[str], quick: bool, build: bool) -> list[Program]:
    """The local builds of those that take the workload and can run here; of the others it is said why not."""
    chosen = [impl for impl in cat.implementations.values() if WORKLOAD in impl.workloads and (not select or impl.name in select)]
    if unknown := sorted(set(select) - {impl.name for impl in chosen}):
        raise UserError(f"no implementation of {WORKLOAD} is called {', '.join(unknown)}; see: bench list")
    here = [impl for impl in chosen if (impl.quick or not quick) and not _away(cat, impl)]
    if build:
        engine = building.engine("local", ROOT, lambda _: None)
        built = building.build_all(cat, engine, here, Progress(Console(stderr=True)))
        here = [impl for impl, made in zip(here, built, strict=True) if made.outcome != "failed"]
    return [_program(cat, impl) for impl in here]


def _away(cat: catalog.Catalog, impl: Implementation) -> bool:
    lacking = ["a container, which alone it runs in"] if impl.contained else local_build.missing(cat.languages[impl.language])
    if lacking:
        click.echo(f"{impl.name}: left out, this machine lacks {', '.join(lacking)}", err=True)
    return bool(lacking)


def _program(cat: catalog.Catalog, impl: Implementation) -> Program:
    language = cat.languages[impl.language]
    recipe = impl.local or language.local
    fill = local_build.placeholders(ROOT, impl, language)
    command = tuple(part.format_map(fill) for part in recipe.run)
    env = {name: value.format_map(fill) for name, value in recipe.env.items()}
    lacks = impl.workloads[WORKLOAD].lacks
    return Program(impl.name, command, env, tuple(s.name for s in cat.workloads[WORKLOAD].steps if s.tally and s.name not in lacks))


def run(workload: Workload, chosen: Sequence[Program], seeds: Sequence[int], workers: int) -> Iterator[list[Finding]]:
    """The findings of each seed, in the order in which they come."""
    # Each part starts the Python variants anew, so it has a few files; and there are many, so that the time left is known.
    parts = max(min(len(seeds), workers), min(len(seeds) // 25, workers * 50))
    # Not forked: a worker begun as a copy of a process in which Polars has threads may wait for them for good.
    with ProcessPoolExecutor(workers, get_context("forkserver")) as pool:
        # Strided, because files grow with their seeds: so the time left can be told from what is done.
        waiting = [pool.submit(_stretch, workload, chosen, seeds[part::parts]) for part in range(parts)]
        try:
            for done in as_completed(waiting):
                yield from done.result()
        finally:
            # On Ctrl-C the pool would first work off all that waits.
            pool.shutdown(wait=False, cancel_futures=True)


def _stretch(workload: Workload, chosen: Sequence[Program], seeds: Sequence[int]) -> list[list[Finding]]:
    with tempfile.TemporaryDirectory(prefix="nasty-") as folder:
        bench = Bench(workload, chosen, Path(folder))
        try:
            return [bench.run(seed) for seed in seeds]
        finally:
            bench.close()


def table(findings: Iterable[Finding]) -> str:
    """A line an implementation: files, rightly refused, agreed, then differences by kind."""
    counts: dict[str, Counter[str]] = {}
    for finding in findings:
        of = counts.setdefault(finding.implementation, Counter())
        kinds = {difference.kind for difference in finding.differences}
        of.update(["files", *kinds, *([] if kinds else ["refused rightly" if finding.refused else "agreed"])])
    heads = ("files", "refused rightly", "agreed", *KINDS)
    lines = [f"{'implementation':<26}" + "".join(f"{head:>{len(head) + 2}}" for head in heads)]
    for name, of in sorted(counts.items()):
        lines.append(f"{name:<26}" + "".join(f"{of[head]:>{len(head) + 2}}" for head in heads))
    return "\n".join(lines)


def _progress(done: int, of: int, start: float) -> None:
    if done % max(1, of // 200) and done != of:
        return
    spent = time.monotonic() - start
    left = spent / done * (of - done)
    ends = "\n" if done == of or not sys.stderr.isatty() else "\r"
    click.echo(f"{done} of {of} files, {spent:.0f} s, about {left:.0f} s left{ends}", nl=False, err=True)


def _range(seeds: str) -> list[int]:
    first, dots, last = seeds.partition("..")
    if not (dots and first.isdigit() and last.isdigit() and int(first) < int(last)):
        raise click.BadParameter(f"{seeds!r} is no range; give one such as 0..100")
    return list(range(int(first), int(last)))


@click.command(help=__doc__)
@click.option("--seeds", default="0..10000", show_default=True, help="A range; its end is left out.")
@click.option("--seed", type=int, multiple=True, help="Only this one; may be repeated.")
@click.option("--select", multiple=True, help="Only this implementation; may be repeated.")
@click.option("--quick", is_flag=True, help="Only those that build quickly.")
@click.option("--build/--no-build", default=True, help="Build what has changed first.")
@click.option("--workers", default=os.cpu_count() or 1, show_default=True, help="Files at a time.")
@click.option("--json", "as_json", is_flag=True, help="All findings as JSON, with their seeds.")
def main(seeds: str, seed: tuple[int, ...], select: tuple[str, ...], quick: bool, build: bool, workers: int, as_json: bool) -> None:
    """Entry point."""
    try:
        cat = catalog.load(ROOT)
        chosen = programs(cat, select, quick, build)
    except UserError as error:
        raise click.ClickException(str(error)) from None
    if not chosen:
        raise click.ClickException(f"no implementation of {WORKLOAD} runs here")
    numbers = list(seed) or _range(seeds)
    findings: list[Finding] = []
    start = time.monotonic()
    try:
        for done, found in enumerate(run(cat.workloads[WORKLOAD], chosen, numbers, workers), 1):
            findings += found
            _progress(done, len(numbers), start)
    except KeyboardInterrupt:
        click.echo("interrupted; what was found so far:", err=True)
    wrong = [finding for finding in sorted(findings, key=lambda f: (f.implementation, f.seed)) if finding.differences]
    click.echo(json.dumps({"seeds": numbers, "findings": [asdict(f) for f in wrong]}, indent=1) if as_json else table(findings))
    if not as_json:
        for finding in wrong[:200]:
            again = f"--seed {finding.seed} --select {finding.implementation}"
            for difference in finding.differences:
                click.echo(f"{again} (threads {finding.threads}) {difference.step} {difference.kind}: {difference.what}")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
