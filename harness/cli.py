"""The command line: parses, calls, prints. The only module that imports all the others; nobody imports it.

Exit codes: 0 done; 1 a finding (a wrong answer, a failed build, something that spoils a measurement); 2 a user's mistake; 130 Ctrl-C.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from pathlib import Path
from typing import Any

import click
from rich.console import Console

import harness
from harness import data as data_module
from harness import doctor as doctor_module
from harness import measure, plan, store
from harness.catalog import load
from harness.model import UserError
from harness.options import ANY_WORKLOAD, CASE, ENGINE, JSON, PARAM, RESULTS, SEED, SELECT, THREADS, WORKLOAD, options, parameters, root
from harness.progress import Progress
from harness.protocol import request
from harness.runner import live
from harness.runner.engine import EngineError

OUT, ERR = Console(), Console(stderr=True)


class _Bench(click.Group):
    """Turns a user's mistake into one line and exit code 2, Ctrl-C into 130."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            _sweep(root())
            return super().invoke(ctx)
        except (UserError, EngineError) as error:
            _say(f"bench: {error}", style="red")
            ctx.exit(2)
        except KeyboardInterrupt:
            ctx.exit(130)
        except BrokenPipeError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            ctx.exit(0)


def _sweep(folder: Path) -> None:
    """Before any command: what a killed harness has left behind goes."""
    if markers := live.dead(folder):
        for line in live.sweep(markers, measure.engines(folder)):
            _say(f"removed: {line}")


def _say(text: str, style: str | None = None) -> None:
    """One line on standard error, however long: only a terminal may break it."""
    ERR.print(text, style=style, markup=False, highlight=False, soft_wrap=True)


def _print_json(value: object) -> None:
    click.echo(json.dumps(value, indent=1, default=str))


@click.group(cls=_Bench, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(harness.__version__, prog_name="bench")
def main() -> None:
    """Decide with evidence which language (Python, Go, Rust) serves which part of an ML pipeline.

    \b
    bench run --workload groupby             build, prove right, measure, compare
    bench plot results/                      draw every session there
    bench list                               what there is to run
    bench doctor                             what this machine lacks or would spoil

    Exit codes: 0 done, 1 a finding, 2 a mistake in the command, 130 Ctrl-C.
    """
    signal.signal(signal.SIGTERM, signal.default_int_handler)


@main.command("list")
@JSON
def list_command(as_json: bool) -> None:
    """List workloads with their cases, and implementations."""
    catalog = load(root())
    rows = measure.listing(catalog)
    if as_json:
        _print_json(rows)
        return
    for w in rows["workloads"]:
        click.echo(f"{w['name']}: {w['title']}")
        for c in w["cases"]:
            click.echo(f"  {c['name']:<10} {c['summary']}{' (default)' if c['default'] else ''}")
    click.echo()
    for i in rows["implementations"]:
        mark = "" if i["contest"] else " (yardstick)"
        click.echo(f"{i['name']:<16} {i['track']:<10} {'quick ' if i['quick'] else '      '} {i['summary']}{mark}")


@main.command()
@options(WORKLOAD, CASE, PARAM, SEED, JSON)
def data(workload: str, case: tuple[str, ...], param: tuple[str, ...], seed: int | None, as_json: bool) -> None:
    """Make the input and the oracle's answers of cases ready, ahead of a run.

    \b
    bench data --workload groupby --case flights
    """
    catalog = load(root())
    sets = measure.datasets(catalog, workload, case, parameters(param), measure.draw_seed(seed), _say)
    if as_json:
        _print_json([{"case": d.case, "inputs": d.inputs, "answers": d.answers, "units": d.units, "digest": d.digest} for d in sets])
        return
    for d in sets:
        click.echo(f"{d.case}: {d.units} units, {', '.join(d.inputs.values())}")


@main.command()
@click.option("--prune", is_flag=True, help="Remove all generated inputs; downloads stay.")
@JSON
def cache(prune: bool, as_json: bool) -> None:
    """Show the cached inputs and their size; they grow, because each session draws a fresh seed."""
    if prune:
        click.echo(f"freed {data_module.prune() / 1e6:.0f} MB in {data_module.folder()}")
        return
    rows = data_module.stored()
    if as_json:
        _print_json(rows)
        return
    for row in rows:
        click.echo(f"{int(str(row['bytes'])) / 1e6:9.1f} MB  {row['workload']} {row['case']}  {row['folder']}")
    click.echo(f"{sum(int(str(r['bytes'])) for r in rows) / 1e6:9.1f} MB  in {data_module.folder()}")


@main.command()
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
    built = measure.build_all(catalog, measure.engine(engine, catalog.root, _say), chosen, Progress(ERR), clean=clean, yes=yes)
    if as_json:
        _print_json([measure.build_row(b) for b in built])
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


@main.command(help=RUN_HELP)
@options(ANY_WORKLOAD, SELECT, CASE, PARAM, ENGINE, SEED, THREADS, JSON)
@click.option("--blocks", "-b", type=click.IntRange(1, 999), help="Timed blocks.  [default: 10, with --quick 3]")
@click.option("--quick", is_flag=True, help="Implementations that build quickly, 3 blocks.")
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
        ask = measure.Ask(workload=workload, param=parameters(asked.pop("param")), command=_command(), **asked)
        if ask.dry_run:
            _print_plan(measure.dry_run(catalog, ask, progress.say), as_json)
            return
        folder = measure.fresh(catalog, ask, progress)
    _show(folder, as_json=as_json)
    if plot and not as_json:
        _plot(folder)
    _say(f"session: {folder}")
    if any(r.outcome != "ok" for r in store.read_runs(folder)[0]):
        sys.exit(1)


def _nothing_else_given() -> None:
    """A resumed session is what it was; an option that would be ignored is a mistake."""
    ctx = click.get_current_context()
    typed = click.core.ParameterSource.COMMANDLINE
    given = [n for n in ctx.params if n not in ("resume", "as_json", "plot") and ctx.get_parameter_source(n) is typed]
    if given:
        raise UserError(f"--resume finishes a session as it was planned; leave out --{given[0].replace('_', '-')}")


def _command() -> str:
    import shlex

    return shlex.join(["bench", *sys.argv[1:]])


def _print_plan(planned: measure.Planned, as_json: bool) -> None:
    if as_json:
        _print_json(planned.rows())
        return
    for job in planned.jobs:
        click.echo(f"{job.block:3d} {job.position:3d}  {job.kind:<6}  {job.case:<10} {job.implementation}")
    known, unknown = plan.estimate_s(planned.jobs, planned.history)
    rest = f", {unknown} jobs that have not run here before take unknown time" if unknown else ""
    click.echo(f"{len(planned.jobs)} jobs, seed {planned.seed}, CPUs {','.join(map(str, planned.cpus))}; estimated {known:.0f} s{rest}")


# Reports are imported where they are made: their libraries take longer than all the rest, and shell completion imports this file.
def _show(folder: Path, *, as_json: bool) -> None:
    from harness.report import terminal

    session, (runs, warnings) = store.read_session(folder), store.read_runs(folder)
    if as_json:
        _print_json(terminal.as_json(session, runs))
        return
    terminal.render(session, runs, OUT, warnings)


def _plot(folder: Path) -> None:
    from harness.report import plots

    session, (runs, warnings) = store.read_session(folder), store.read_runs(folder)
    for line in warnings:
        _say(f"warning: {line}")
    try:
        drawn = plots.draw(session, runs, folder / "plots")
    except OSError as error:
        raise UserError(f"{folder / 'plots'}: {error.strerror}; make it writable") from None
    click.echo(f"{len(drawn)} files in {folder / 'plots'}")


@main.command()
@RESULTS
def plot(path: Path) -> None:
    """Draw a session, or every session in a folder, as SVG and PNG with the data as CSV.

    \b
    bench plot results/
    bench plot results/20261123-101500-groupby
    """
    for folder in store.sessions(path):
        _plot(folder)


@main.command()
@RESULTS
@JSON
def show(path: Path, as_json: bool) -> None:
    """Print a session's comparison again, or that of every session in a folder."""
    for folder in store.sessions(path):
        _show(folder, as_json=as_json)


@main.command()
@options(WORKLOAD, SELECT, CASE, PARAM, ENGINE, SEED, JSON)
@click.option("--yes", "-y", is_flag=True, help="Make stand-in base images without asking, where no registry answers.")
def verify(as_json: bool, **asked: Any) -> None:
    """Check every whole answer against the oracle, without timing.

    \b
    bench verify --workload groupby --case 1e4
    """
    catalog = load(root())
    ask = measure.Ask(**{**asked, "param": parameters(asked["param"])}, command=_command(), blocks=0)
    runs = measure.verify(catalog, ask, Progress(ERR))
    if as_json:
        _print_json([{"implementation": r.implementation, "case": r.case, "outcome": r.outcome, "reason": r.reason} for r in runs])
    for r in runs if not as_json else []:
        click.echo(f"{r.implementation:<16} {r.case:<10} {r.outcome}{': ' + r.reason if r.reason else ''}")
    if any(r.outcome != "ok" for r in runs):
        sys.exit(1)


@main.command("request")
@options(WORKLOAD, CASE, PARAM, SEED, THREADS)
@click.option("--answers", metavar="DIR", help="Ask for whole answers, written there.")
def request_command(
    workload: str, case: tuple[str, ...], param: tuple[str, ...], seed: int | None, threads: int, answers: str | None
) -> None:
    """Print the request of a case, to try an implementation by hand (impls/PROTOCOL.md).

    \b
    (bench request --workload groupby --case 1e4; sleep 5) | ./my-implementation
    """
    catalog = load(root())
    ready = measure.for_request(catalog, workload, case, parameters(param), measure.draw_seed(seed), threads, _say)
    for spec, job, dataset, params in ready:
        click.echo(request(job, params, dataset.inputs, spec.timing, answers), nl=False)


@main.command()
@JSON
def doctor(as_json: bool) -> None:
    """Say what this machine has and lacks, and what would spoil a measurement, with what to do. Exit code 1 where anything is amiss."""
    found = doctor_module.examine(load(root()), measure.docker_facts(root()))
    if as_json:
        _print_json([f.row() for f in found])
    for f in found if not as_json else []:
        click.echo(f"{f.mark:<5} {f.what}{': ' + f.advice if f.advice else ''}")
    if any(f.mark != "ok" for f in found):
        sys.exit(1)


@main.command()
def schema() -> None:
    """Print the JSON Schema of a line of runs.jsonl."""
    _print_json(store.schema())


if __name__ == "__main__":
    main()
