"""The commands around a measurement: what there is, the data, a request by hand, the machine."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import click

from harness import building, choosing, listing, measure, store
from harness import data as data_module
from harness import doctor as doctor_module
from harness.catalog import load
from harness.cli.common import print_json, say
from harness.options import CASE, JSON, PARAM, SEED, THREADS, WORKLOAD, options, parameters, root
from harness.protocol import request
from harness.runner.load.visit import connections


@click.command("list")
@JSON
def list_command(as_json: bool) -> None:
    """List workloads with their cases, and implementations."""
    catalog = load(root())
    rows = listing.listing(catalog)
    if as_json:
        print_json(rows)
        return
    for w in rows["workloads"]:
        click.echo(f"{w['name']}: {w['title']}")
        for c in w["cases"]:
            click.echo(f"  {c['name']:<10} {c['summary']}{' (default)' if c['default'] else ''}")
    click.echo()
    for i in rows["implementations"]:
        mark = "" if i["contest"] else " (yardstick)"
        click.echo(f"{i['name']:<16} {i['track']:<10} {'quick ' if i['quick'] else '      '} {i['summary']}{mark}")


@click.command()
@options(WORKLOAD, CASE, PARAM, SEED, JSON)
def data(workload: str, case: tuple[str, ...], param: tuple[str, ...], seed: int | None, as_json: bool) -> None:
    """Make the input and the oracle's answers of cases ready, ahead of a run.

    \b
    bench data --workload groupby --case flights
    """
    catalog = load(root())
    sets = measure.datasets(catalog, workload, case, parameters(param), choosing.draw_seed(seed), say)
    if as_json:
        print_json([{"case": d.case, "inputs": d.inputs, "answers": d.answers, "units": d.units, "digest": d.digest} for d in sets])
        return
    for d in sets:
        click.echo(f"{d.case}: {d.units} units, {', '.join(d.inputs.values())}")


@click.command()
@click.option("--prune", is_flag=True, help="Remove all generated inputs; downloads stay.")
@JSON
def cache(prune: bool, as_json: bool) -> None:
    """Show the cached inputs and their size; they grow, because each session draws a fresh seed."""
    if prune:
        click.echo(f"freed {data_module.prune() / 1e6:.0f} MB in {data_module.folder()}")
        return
    rows = data_module.stored()
    if as_json:
        print_json(rows)
        return
    for row in rows:
        click.echo(f"{int(str(row['bytes'])) / 1e6:9.1f} MB  {row['workload']} {row['case']}  {row['folder']}")
    click.echo(f"{sum(int(str(r['bytes'])) for r in rows) / 1e6:9.1f} MB  in {data_module.folder()}")


@click.command("request")
@options(WORKLOAD, CASE, PARAM, SEED, THREADS)
@click.option("--answers", metavar="DIR", help="Ask for whole answers, written there.")
@click.option("--outputs", metavar="DIR", help="A folder for the files of steps that write; a fresh one where none is named.")
def request_command(
    workload: str, case: tuple[str, ...], param: tuple[str, ...], seed: int | None, threads: int, answers: str | None, outputs: str | None
) -> None:
    """Print the request of a case, to try an implementation by hand (impls/PROTOCOL.md).

    \b
    (bench request --workload groupby --case 1e4; sleep 5) | ./my-implementation
    """
    catalog = load(root())
    ready = measure.for_request(catalog, workload, case, parameters(param), choosing.draw_seed(seed), threads, say)
    for spec, job, dataset, params in ready:
        writes = any(step.writes and step.name in job.steps for step in spec.steps)
        folder = _outputs_folder(outputs, job.case) if writes else None
        served = any(step.traffic and step.name in job.steps for step in spec.steps)
        held = connections(job.case, params) if served else None
        click.echo(request(job, params, dataset.inputs, spec.timing, answers, folder, held), nl=False)


def _outputs_folder(chosen: str | None, case: str) -> str:
    if chosen is None:
        chosen = tempfile.mkdtemp(prefix="bench-outputs-")
        say(f"{case}: its files will lie in {chosen}")
    folder = Path(chosen).resolve()
    folder.mkdir(parents=True, exist_ok=True)
    return str(folder)


@click.command()
@JSON
def doctor(as_json: bool) -> None:
    """Say what this machine has and lacks, and what would spoil a measurement, with what to do. Exit code 1 where anything is amiss."""
    found = doctor_module.examine(load(root()), building.docker_facts(root()))
    if as_json:
        print_json([f.row() for f in found])
    for f in found if not as_json else []:
        click.echo(f"{f.mark:<5} {f.what}{': ' + f.advice if f.advice else ''}")
    if any(f.mark != "ok" for f in found):
        sys.exit(1)


@click.command()
def schema() -> None:
    """Print the JSON Schema of a line of runs.jsonl."""
    print_json(store.schema())
