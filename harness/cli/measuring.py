"""The commands that measure: build, run, verify."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from harness import measure, plan, store
from harness.catalog import load
from harness.cli.common import ERR, draw, print_json, say, show, typed
from harness.model import UserError
from harness.options import ANY_WORKLOAD, CASE, ENGINE, JSON, PARAM, SEED, SELECT, SEVERAL_THREADS, WORKLOAD, options, parameters, root
from harness.progress import Progress


@click.command()
@options(SELECT, ENGINE, JSON)
@click.option("--clean", is_flag=True, help="Build from nothing: no layer, package or compiler cache.")
@click.option("--quick", is_flag=True, help="Only implementations that build quickly.")
@click.option("--yes", "-y", is_flag=True, help="Make stand-in base images without asking, where no registry answers.")
def build(select: tuple[str, ...], engine: str, as_json: bool, clean: bool, quick: bool, yes: bool) -> None:
    """Build implementations: images with Docker, environments and binaries without.

    \b
    bench build                              all of them
    bench build --select 'rust/*' --clean    measure a build from nothing
    """
    catalog = load(root())
    chosen = measure.select(catalog, None, select, quick=quick)
    built = measure.build_all(catalog, measure.engine(engine, catalog.root, say), chosen, Progress(ERR), clean=clean, yes=yes)
    if as_json:
        print_json([measure.build_row(b) for b in built])
    if any(b.outcome == "failed" for b in built):
        sys.exit(1)


RUN_HELP = """Build, prove right, measure in randomised blocks, compare.

\b
bench run --workload groupby                          every implementation, the default case
bench run --workload groupby --quick                  first result in minutes
bench run -w groupby -s 'rust/*' -s go/std -c flights -c 1e6 --blocks 10
bench run -w groupby -c 1e6 --param k=10 --param na=5
bench run -w groupby --dry-run                        print the plan and the estimated time
bench run --resume results/20261123-101500-groupby    finish an interrupted session

Exit code 1 where any job did not end well; its record says why.
"""


@click.command(help=RUN_HELP)
@options(ANY_WORKLOAD, SELECT, CASE, PARAM, ENGINE, SEED, SEVERAL_THREADS, JSON)
@click.option("--blocks", "-b", type=click.IntRange(1, 999), help="Timed blocks.  [default: 10, with --quick 3]")
@click.option("--quick", is_flag=True, help="Implementations that build quickly, 3 blocks.")
@click.option("--aa/--no-aa", "again", default=True, show_default=True,
              help="In each block run one implementation a second time under another label, to measure the noise.")  # fmt: skip
@click.option("--dry-run", is_flag=True, help="Print the plan and the estimated time; run nothing.")
@click.option("--out", type=click.Path(path_type=Path), metavar="DIR", help="Put the session there.  [default: results/<time>-<workload>]")
@click.option("--resume", type=click.Path(path_type=Path), metavar="DIR", help="Finish the session there.")
@click.option("--time-limit", type=click.FloatRange(0.1), metavar="S", help="Seconds a job may take.  [default: the case's]")
@click.option("--yes", "-y", is_flag=True, help="Make stand-in base images without asking, where no registry answers.")
@click.option("--plot/--no-plot", default=True, help="Draw the plots at the end.", show_default=True)
def run(resume: Path | None, workload: str | None, as_json: bool, plot: bool, **asked: Any) -> None:
    """See RUN_HELP."""
    catalog = load(root())
    progress = Progress(ERR)
    if resume:
        _nothing_else_given()
        folder = measure.resume(catalog, resume, progress)
    elif not workload:
        raise UserError(f"say what to run with --workload NAME; there are: {', '.join(catalog.workloads)}")
    else:
        ask = measure.Ask(workload=workload, param=parameters(asked.pop("param")), command=typed(), **asked)
        if ask.dry_run:
            _print_plan(measure.dry_run(catalog, ask, progress.say), as_json)
            return
        folder = measure.fresh(catalog, ask, progress)
    show(folder, as_json=as_json)
    if plot and not as_json:
        draw(folder)
    say(f"session: {folder}")
    if any(r.outcome != "ok" for r in store.read_runs(folder)[0]):
        sys.exit(1)


def _nothing_else_given() -> None:
    """A resumed session is what it was; an option that would be ignored is a mistake."""
    ctx = click.get_current_context()
    typed = click.core.ParameterSource.COMMANDLINE
    given = [n for n in ctx.params if n not in ("resume", "as_json", "plot") and ctx.get_parameter_source(n) is typed]
    if given:
        raise UserError(f"--resume finishes a session as it was planned; leave out --{given[0].replace('_', '-')}")


def _print_plan(planned: measure.Planned, as_json: bool) -> None:
    if as_json:
        print_json(planned.rows())
        return
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
    ask = measure.Ask(**{**asked, "param": parameters(asked["param"])}, command=typed(), blocks=0)
    runs = measure.verify(catalog, ask, Progress(ERR))
    if as_json:
        print_json([{"implementation": r.implementation, "case": r.case, "outcome": r.outcome, "reason": r.reason} for r in runs])
    for r in runs if not as_json else []:
        click.echo(f"{r.implementation:<16} {r.case:<10} {r.outcome}{': ' + r.reason if r.reason else ''}")
    if any(r.outcome != "ok" for r in runs):
        sys.exit(1)
