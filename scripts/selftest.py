"""The harness tried on this machine with programs whose truth is known: how often it sees what is not there, and how well what is.

Two equal programs are compared many times over (A/A), and one that works 5 % longer is measured at the number of blocks that the advice
names. Exit code 1 where a bound is missed. The sessions stay where --out says; they are made by `bench run` like any other.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import click

from harness import stats, store
from harness.claims.rule import Bounds, rule
from harness.model import Run, Session, Word
from harness.progress import duration
from harness.stats import Estimate

ROOT = Path(__file__).resolve().parent.parent
FAKES = ROOT / "tests" / "fakes"
WORKLOAD, HONEST, SLOW = "count", "fake/honest", "fake/slow5"
PLANT = 1.05
WITHIN = 0.01
"""How far from the plant it may be found: one percentage point."""
CONFIDENCE = 0.99
"""Of the advice: at 95 % a sound harness would miss its bound one time in twenty, and an alarm that is wrong so often is not heeded."""
MOST = 999
"""Blocks that `bench run` takes at once."""


class Broken(click.ClickException):
    """No session came of it: neither a bound kept nor one missed."""

    exit_code = 2


@dataclass(frozen=True, slots=True)
class Finding:
    """An answer with the bound that it had to keep; `figures` holds all that it was computed from."""

    question: str
    answer: str
    bound: str
    holds: bool
    figures: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Laboratory:
    """Where the sessions are made, and how."""

    out: Path
    engine: str
    seed: int

    def session(self, name: str, variants: Sequence[str], blocks: int, loops: int, *, again: bool = False) -> tuple[Session, list[Run]]:
        """One session of `bench run` in a copy of the fakes, with its log beside it; progress goes to standard error."""
        folder, log = self.out / name, self.out / f"{name}.log"
        command = [
            str(Path(sys.executable).with_name("bench")),
            "run",
            "--workload",
            WORKLOAD,
            "--engine",
            self.engine,
            "--yes",
            "--no-plot",
        ]
        command += ["--json", "--seed", str(self.seed), "--blocks", str(blocks), "--param", f"loops={loops}", "--out", str(folder)]
        command += ["--aa" if again else "--no-aa", *(word for v in variants for word in ("--select", v))]
        jobs = len(variants) + blocks * (len(variants) + again)
        env = {**os.environ, "BENCH_ROOT": str(self.out / "checkout"), "BENCH_DATA": str(self.out / "data")}
        with log.open("w") as said, subprocess.Popen(command, env=env, stdout=said, stderr=said) as process:
            _watch(process, name, folder / store.RUNS, jobs)
        if process.returncode not in (0, 1):
            raise Broken(f"{name}: bench run ended with exit code {process.returncode}; see {log}")
        return store.read_session(folder), store.read_runs(folder)[0]


def _watch(process: subprocess.Popen[bytes], name: str, records: Path, jobs: int) -> None:
    """Tell every quarter of a minute how far it is, until it ends."""
    start, first = time.monotonic(), True
    while True:
        try:
            process.wait(5 if first else 15)
            click.echo(f"{name}: {jobs} jobs in {duration(time.monotonic() - start)}", err=True)
            return
        except subprocess.TimeoutExpired:
            first, done = False, records.read_bytes().count(b"\n") if records.exists() else 0
            left = f"{duration((time.monotonic() - start) / done * (jobs - done))} left" if done else "building"
            click.echo(f"{name}: {done} of {jobs} jobs, {left}", err=True)


# --- what is asked


def false_positives(session: Session, runs: Sequence[Run], k: int) -> Finding:
    """The rate at which two equal programs are called different, each `k` blocks a comparison of their own."""
    found = stats.calibration_by_groups(session, runs, k)
    answer = "nothing to compare"
    if found.low is not None and found.high is not None:
        rate = found.called / found.comparisons
        answer = f"{found.called} of {found.comparisons}: {rate:.1%}, 95 % interval {found.low:.1%} to {found.high:.1%}"
    return Finding(
        f"A/A, {k} blocks a comparison: called different",
        answer,
        f"the interval reaches down to {found.nominal:.0%}",
        found.low is not None and found.low <= found.nominal,
        {**asdict(found), "blocks_each": k},
    )


def groups(session: Session, runs: Sequence[Run], k: int) -> Iterator[Estimate]:
    """The same comparisons as estimates of a log ratio whose truth is 0."""
    for logs in stats.null_pairs(session.again, runs).values() if session.again else ():
        for start in range(1, session.blocks - k + 2, k):
            some = [logs[block] for block in range(start, start + k) if block in logs]
            if len(some) == k:
                yield stats.estimate(some)


def words(found: Estimate, floor: float) -> tuple[Word, Word]:
    """What the rule of the claims says of 'takes more, by the floor at least', of the one and of the other."""
    bounds = Bounds(1 + floor, None, floor)
    return rule(found, bounds).word, rule(replace(found, mean=-found.mean), bounds).word


def no_claim(session: Session, runs: Sequence[Run], k: int) -> Finding:
    """Whether a difference of nothing is ever claimed."""
    floor = stats.floor(session.again, runs)
    said = [words(found, floor.value) for found in groups(session, runs, k)]
    false = sum("supported" in both for both in said)
    high = stats.binomial_interval(false, len(said))[1] if said else None
    return Finding(
        f"planted 0 %: 'at least {floor.value:.1%} more', of either, supported",
        f"{false} of {len(said)}" + (f", at most {high:.1%} (95 %)" if high is not None else ""),
        "never",
        bool(said) and not false,
        {
            "comparisons": len(said),
            "supported": false,
            "high": high,
            "floor": asdict(floor),
            "blocks_each": k,
            "words": dict(Counter(word for both in said for word in both)),
        },
    )


def _plant(session: Session, runs: Sequence[Run]) -> Estimate:
    case = session.cases[0].name
    return stats.estimate([*stats.paired(runs, "seconds", (SLOW, case), (HONEST, case)).values()])


def advised(session: Session, runs: Sequence[Run]) -> tuple[float | None, int | None]:
    """The spread of one block in a pilot, and the blocks that would show the plant to within the bound; None where it can't be told."""
    found = _plant(session, runs)
    return found.sd, None if found.sd is None else stats.blocks_for_precision(found.sd, WITHIN, CONFIDENCE)


def recovered(session: Session, runs: Sequence[Run], sd: float, advice: int) -> Finding:
    """How near the planted ratio comes out at the number of blocks that was advised."""
    found = _plant(session, runs)
    low, high = found.limits() or (None, None)
    interval = f", 95 % interval {low:.4f} to {high:.4f}" if low is not None and high is not None else ""
    return Finding(
        f"planted +{PLANT - 1:.0%}, {advice} blocks as advised after a pilot (spread {sd:.1%} a block)",
        f"{found.ratio:.4f}{interval}, n={found.n}",
        f"within {WITHIN} of {PLANT}",
        abs(found.ratio - PLANT) <= WITHIN and session.blocks >= advice,
        {
            "ratio": found.ratio,
            "low": low,
            "high": high,
            "n": found.n,
            "pilot_sd": sd,
            "advised": advice,
            "blocks": session.blocks,
            "word": words(found, stats.FLOOR)[0],
        },
    )


def no_advice(sd: float | None, advice: int | None) -> Finding:
    """Where the plant can't be recovered because the machine is too noisy, or the pilot came to nothing."""
    why = "the pilot came to nothing" if sd is None else f"a spread of {sd:.1%} a block asks for {advice or 'no number of'} blocks"
    question, bound = f"planted +{PLANT - 1:.0%}", f"advice of at most {MOST} blocks"
    return Finding(question, why, bound, False, {"pilot_sd": sd, "advised": advice})


# --- the whole


def ask(lab: Laboratory, comparisons: int, k: int, pilot: int, loops: tuple[int, int], most: int) -> Iterator[Finding]:
    """All findings, each as soon as it is there. `loops` of the A/A's job and of the planted one's; `most` blocks for the latter."""
    null = lab.session("aa", [HONEST], comparisons * k, loops[0], again=True)
    yield false_positives(*null, k)
    yield no_claim(*null, k)
    sd, advice = advised(*lab.session("pilot", [HONEST, SLOW], pilot, loops[1]))
    if sd is None or advice is None or advice > MOST:
        yield no_advice(sd, advice)
    else:
        yield recovered(*lab.session("planted", [HONEST, SLOW], min(advice, most), loops[1]), sd, advice)


def table(findings: Sequence[Finding]) -> str:
    """One under another, with what was wanted of each."""
    lines = ((f.question, f"  found   {f.answer}", f"  wanted  {f.bound}", f"  {'ok' if f.holds else 'MISSED'}") for f in findings)
    return "\n".join(line for each in lines for line in each)


def conditions(session: Session) -> dict[str, object]:
    """What the figures hold for."""
    machine, state = (session.environment.get(part) for part in ("machine", "state"))
    cpu = machine.get("cpu_model") if isinstance(machine, Mapping) else None
    cpus = machine.get("cpus") if isinstance(machine, Mapping) else None
    load = state.get("load_1min") if isinstance(state, Mapping) else None
    return {"engine": session.engine, "isolation": session.isolation, "cpu_model": cpu, "cpus": cpus, "load_1min": load}


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--engine", type=click.Choice(["local", "docker"]), default="local", show_default=True)
@click.option(
    "--comparisons", type=click.IntRange(1), default=99, show_default=True, help="A/A comparisons; 59 is the least that can show 5 %."
)
@click.option("--blocks", "k", type=click.IntRange(2), default=10, show_default=True, help="Blocks a comparison.")
@click.option("--pilot", type=click.IntRange(2), default=10, show_default=True, help="Blocks of the pilot for the planted difference.")
@click.option(
    "--loops", type=click.IntRange(20), default=10_000_000, show_default=True, help="Work of a planted pass; an A/A's is a fifth of it."
)
@click.option(
    "--most",
    type=click.IntRange(2),
    default=MOST,
    show_default=True,
    help="Blocks for the planted difference; fewer than advised is a miss.",
)
@click.option("--seed", type=click.IntRange(0), help="Default: drawn afresh.")
@click.option("--out", type=click.Path(path_type=Path), help="Folder for the sessions.  [default: results/selftest/<time>]")
@click.option("--json", "as_json", is_flag=True, help="Machine-readable output.")
def main(
    engine: str, comparisons: int, k: int, pilot: int, loops: int, most: int, seed: int | None, out: Path | None, as_json: bool
) -> None:
    """See how often this machine and harness call equal programs different, and whether planted differences are recovered."""
    if comparisons * k > MOST:
        raise click.BadParameter(f"{comparisons} comparisons of {k} blocks are {comparisons * k} blocks; a session takes {MOST}")
    lab = Laboratory((out or ROOT / "results" / "selftest" / f"{datetime.now(UTC):%Y%m%d-%H%M%S}").resolve(), engine, _seed(seed))
    if lab.out.exists() and any(lab.out.iterdir()):
        raise click.BadParameter(f"{lab.out} is not empty; choose another folder with --out")
    shutil.copytree(FAKES, lab.out / "checkout", ignore=shutil.ignore_patterns(".bench", "results", "__pycache__"))
    findings = list(ask(lab, comparisons, k, pilot, (loops // 5, loops), min(most, MOST)))
    found = {"seed": lab.seed, **conditions(store.read_session(lab.out / "aa")), "findings": [asdict(f) for f in findings]}
    text = json.dumps(found, indent=1)
    (lab.out / "selftest.json").write_text(text + "\n", encoding="utf-8")
    click.echo(text if as_json else table(findings))
    click.echo(f"seed {lab.seed}, sessions in {lab.out}", err=True)
    if not all(f.holds for f in findings):
        sys.exit(1)


def _seed(seed: int | None) -> int:
    return random.SystemRandom().randrange(2**31) if seed is None else seed


if __name__ == "__main__":
    main()
