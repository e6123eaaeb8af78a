"""The commands that measure: build, run, verify."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from harness import building, choosing, measure, pace, plan
from harness.catalog import Catalog, load
from harness.cli.common import ERR, Kept, draw, kept, print_json, say, show, typed
from harness.cli.judging import needed, registered
from harness.model import UserError
from harness.options import ANY_WORKLOAD, CASE, ENGINE, JSON, PARAM, SEED, SELECT, SEVERAL_THREADS, WORKLOAD, options, parameters, root
from harness.progress import Progress


@click.command()
@options(SELECT, ENGINE, JSON)
@click.option("--clean", is_flag=True, help="Build from nothing: no layer, package or compiler cache.")
@click.option("--rounds", type=click.IntRange(1, 99), default=1, show_default=True,
              help="With --clean: build each so many times, in rounds in a drawn order, for an interval.")  # fmt: skip
@click.option("--quick", is_flag=True, help="Only implementations that build quickly.")
@click.option("--yes", "-y", is_flag=True, help="Make stand-in base images without asking, where no registry answers.")
def build(select: tuple[str, ...], engine: str, as_json: bool, clean: bool, rounds: int, quick: bool, yes: bool) -> None:
    """Build implementations: images with Docker, environments and binaries without.

    \b
    bench build                              all of them
    bench build --select 'rust/*' --clean    measure a build from nothing
    bench build --clean --rounds 5           five times each, in rounds
    """
    catalog = load(root())
    chosen = choosing.select(catalog, None, select, quick=quick)
    eng = building.engine(engine, catalog.root, say)
    built = building.build_all(catalog, eng, chosen, Progress(ERR), clean=clean, yes=yes, rounds=rounds)
    if as_json:
        print_json([building.build_row(b) for b in built])
    if any(b.outcome == "failed" for b in built):
        sys.exit(1)


RUN_HELP = """Build, prove right, measure in randomised blocks, compare.

\b
bench run --workload groupby                          every implementation, the default case
bench run --workload groupby --quick                  first result in minutes
bench run -w groupby -s 'rust/*' -s go/std -c flights -c 1e6 --blocks 10
bench run -w groupby -c 1e6 --param k=10 --param na=5
bench run -w groupby --threads 1,2                    each at one and at two threads
bench run -w groupby --turns --passes 10               on a noisy machine: pass for pass in turns
bench run -w groupby --memory-floor                   the least memory limit that each can do with
bench run -w request-server --highest-rate 10ms       the highest rate at which 99 % are answered in time
bench run -w groupby --dry-run                        print the plan and the estimated time
bench run --claim C07                                 exactly what one claim needs
bench run --resume results/20261123-101500-groupby    finish an interrupted session

Exit code 1 where any job did not end well; its record says why.
"""


@click.command(help=RUN_HELP)
@options(ANY_WORKLOAD, SELECT, CASE, PARAM, ENGINE, SEED, SEVERAL_THREADS, JSON)
@click.option("--blocks", "-b", type=click.IntRange(1, 999), help="Timed blocks.  [default: 10, with --quick 3]")
@click.option("--quick", is_flag=True, help="Implementations that build quickly, 3 blocks.")
@click.option("--aa/--no-aa", "again", default=True, show_default=True,
              help="In each block run one implementation a second time under another label, to measure the noise.")  # fmt: skip
@click.option("--turns", is_flag=True,
              help="Start a block's jobs on a case together, and deal out their passes in turns: for noisy machines.")  # fmt: skip
@click.option("--passes", type=click.IntRange(1, 9999), help="Timed passes of each step in a job.  [default: the workload's]")
@click.option("--memory-floor", is_flag=True,
              help="Search the least memory limit under which each still ends well; without --blocks that alone.")  # fmt: skip
@click.option("--highest-rate", metavar="DURATION",
              help="Search the highest Poisson rate whose 99th percentile stays within this; without --blocks that alone.")  # fmt: skip
@click.option("--claim", metavar="ID", help="Run exactly what this claim needs; leave out what it plans.")
@click.option("--dry-run", is_flag=True, help="Print the plan and the estimated time; run nothing.")
@click.option("--out", type=click.Path(path_type=Path), metavar="DIR", help="Put the session there.  [default: results/<time>-<workload>]")
@click.option("--resume", type=click.Path(path_type=Path), metavar="DIR", help="Finish the session there.")
@click.option("--time-limit", type=click.FloatRange(0.1), metavar="S", help="Seconds a job may take.  [default: the case's]")
@click.option("--yes", "-y", is_flag=True, help="Make stand-in base images without asking, where no registry answers.")
@click.option("--plot/--no-plot", default=True, help="Draw the plots at the end.", show_default=True)
def run(resume: Path | None, workload: str | None, claim: str | None, as_json: bool, plot: bool, **asked: Any) -> None:
    """See RUN_HELP."""
    asked["highest_rate"] = pace.objective(asked["highest_rate"]) if asked["highest_rate"] is not None else None
    catalog = load(root())
    progress = Progress(ERR)
    if resume:
        _not_given("--resume finishes a session as it was planned", "resume", "as_json", "plot", "memory_floor", "highest_rate")
        asks: list[choosing.Ask] = []
    else:
        asks = _asks(catalog, workload, claim, asked)
    if asks and asks[0].dry_run:
        _print_plans([measure.dry_run(catalog, ask, progress.say) for ask in asks], as_json)
        return
    folders = (
        [measure.resume(catalog, resume, progress, memory_floor=asked["memory_floor"], highest_rate=asked["highest_rate"])]
        if resume
        else [measure.fresh(catalog, ask, progress) for ask in asks]
    )
    made = [kept(folder) for folder in folders]
    for one in made:
        _tell(one, as_json=as_json, plot=plot)
    if any(r.outcome != "ok" for one in made for r in one.runs):
        sys.exit(1)


def _tell(one: Kept, *, as_json: bool, plot: bool) -> None:
    show(one, as_json=as_json)
    if plot and not as_json:
        draw(one)
    say(f"session: {one.folder}; its page: bench report {one.folder}")


def _asks(catalog: Catalog, workload: str | None, claim: str | None, asked: dict[str, Any]) -> list[choosing.Ask]:
    """What was asked for, with the claims as they stand; for a claim one a workload that it needs."""
    entries = registered(catalog)
    common = {**asked, "param": parameters(asked["param"]), "command": typed(), "claims": {c.id: c.digest for c in entries.claims}}
    if claim:
        _not_given("--claim plans exactly what the claim needs", *PLANNED_FREELY)
        return [choosing.Ask(**{**common, **plan}) for plan in needed(entries, claim, asked["blocks"])]
    if not workload:
        raise UserError(f"say what to run with --workload NAME; there are: {', '.join(catalog.workloads)}")
    return [choosing.Ask(workload=workload, **common)]


PLANNED_FREELY = ("claim", "engine", "seed", "blocks", "again", "dry_run", "out", "time_limit", "yes", "as_json", "plot")
"""Options that do not change what a claim needs; more blocks than it asks for are no harm."""


def _not_given(why: str, *allowed: str) -> None:
    """An option that would be ignored is a mistake."""
    ctx = click.get_current_context()
    by_hand = click.core.ParameterSource.COMMANDLINE
    given = [n for n in ctx.params if n not in allowed and ctx.get_parameter_source(n) is by_hand]
    if given:
        raise UserError(f"{why}; leave out --{given[0].replace('_', '-')}")


def _print_plans(plans: Sequence[measure.Planned], as_json: bool) -> None:
    """One a session; as JSON the jobs of all of them, in one list."""
    if as_json:
        print_json([row for planned in plans for row in planned.rows()])
    for planned in plans if not as_json else ():
        _print_plan(planned)


def _print_plan(planned: measure.Planned) -> None:
    for job in planned.jobs:
        click.echo(f"{job.block:3d} {job.position:3d}  {job.kind:<6}  {job.case:<10} {job.label}")
    known, unknown = plan.estimate_s(planned.jobs, planned.history)
    rest = f", {unknown} jobs that have not run here before take unknown time" if unknown else ""
    click.echo(f"{len(planned.jobs)} jobs, seed {planned.seed}, CPUs {','.join(map(str, planned.cpus))}; estimated {known:.0f} s{rest}")


@click.command()
@options(WORKLOAD, SELECT, CASE, PARAM, ENGINE, SEED, JSON)
@click.option("--yes", "-y", is_flag=True, help="Make stand-in base images without asking, where no registry answers.")
def verify(as_json: bool, **asked: Any) -> None:
    """Check every whole answer against the oracle, without timing.

    \b
    bench verify --workload groupby --case 1e4
    """
    catalog = load(root())
    ask = choosing.Ask(**{**asked, "param": parameters(asked["param"])}, command=typed(), blocks=0)
    runs = measure.verify(catalog, ask, Progress(ERR))
    if as_json:
        print_json([{"implementation": r.implementation, "case": r.case, "outcome": r.outcome, "reason": r.reason} for r in runs])
    for r in runs if not as_json else []:
        click.echo(f"{r.implementation:<16} {r.case:<10} {r.outcome}{': ' + r.reason if r.reason else ''}")
    if any(r.outcome != "ok" for r in runs):
        sys.exit(1)
