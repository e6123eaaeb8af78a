"""The commands that judge what was recorded: report, claims, compare. They need neither engine nor implementations."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import click

from harness import registry, store
from harness.catalog import Catalog, load
from harness.cli.common import ERR, OUT, Kept, kept, print_json, records, say
from harness.model import Calibration, Claim, Judgement, Registry, UserError
from harness.options import JSON, RESULTS, root


def registered(catalog: Catalog) -> Registry:
    """The claims of the checkout."""
    from harness import stats

    return registry.load(catalog.root, stats.METRICS, catalog.workloads, catalog.implementations)


def needed(entries: Registry, name: str, blocks: int | None) -> list[dict[str, object]]:
    """What of an Ask the claim settles, for each workload that it needs; UserError where there is nothing to run, or too little."""
    from harness import claims

    claim = _entry(entries, name)
    if not (needs := claims.needs(claim)):
        raise UserError(f"{name}: nothing of it can be run yet: {claim.unmeasured[0]}")
    if blocks is not None and blocks < claim.blocks:
        raise UserError(f"{name} asks for {claim.blocks} blocks or more; leave out --blocks {blocks}")
    return [
        {"workload": n.workload, "select": n.implementations, "case": n.cases, "threads": n.threads, "clean_builds": n.clean_builds,
         "blocks": (blocks or n.blocks) if n.blocks else 0}
        for n in needs
    ]  # fmt: skip


def _entry(entries: Registry, name: str) -> Claim:
    found = next((c for c in entries.claims if c.id == name), None)
    if not found:
        raise UserError(f"no claim '{name}'; there are: {', '.join(c.id for c in entries.claims) or 'none'}")
    return found


def judged(entries: Registry, sessions: Sequence[Kept]) -> Judgement:
    """All claims on these sessions."""
    from harness import claims

    return claims.judge(entries, [(k.session, k.runs) for k in sessions], [line for k in sessions for line in k.broken])


def _calibration(first: Kept) -> Calibration:
    """By the A/A arms of all sessions in the folder of `first`; one that can't be read, or was changed by hand, is named and left out."""
    from harness import stats

    found = []
    for path in store.sessions(first.folder.resolve().parent):
        try:
            if not (again := store.read_session(path).again):
                continue
            one = first if path == first.folder.resolve() else kept(path)
        except UserError as error:
            say(f"left out of the A/A rate: {error}")
            continue
        if one.broken:
            say(f"left out of the A/A rate: {one.broken[0]}")
        else:
            found.append((one.session, [run for run in one.runs if run.label in (again, stats.twin(again))]))
    return stats.calibration(found)


@click.command()
@RESULTS
@click.option("--with", "others", type=click.Path(path_type=Path), multiple=True, metavar="DIR",
              help="Judge claims on this session too; repeatable.  [default: the others in a folder of sessions]")  # fmt: skip
def report(path: Path, others: tuple[Path, ...]) -> None:
    """Write a session's page (report.html, offline, and report.md), or that of every session in a folder.

    \b
    bench report results/20261123-101500-groupby
    bench report results/published              a page each, their claims judged on all of them
    bench report results/a --with results/b     a claim that spans workloads takes a session of each
    """
    entries, own = registered(load(root())), [kept(folder) for folder in store.sessions(path)]
    beside = [*map(kept, dict.fromkeys(p.resolve() for p in others)), *own]
    calibration = _calibration(own[0])
    for one in own:
        _report(one, [one, *_bearing(one, beside)], entries, calibration)


def _bearing(one: Kept, others: Sequence[Kept]) -> list[Kept]:
    """Those of the others that a page may rest on: whole and as they were written; what is not is named and left out."""
    fit = []
    for other in {other.folder.resolve(): other for other in others}.values():
        if other.folder.resolve() == one.folder.resolve():
            continue
        if other.broken or len(other.runs) < len(other.session.jobs):
            say(f"{one.folder}: judged without {other.folder}: {other.broken[0] if other.broken else 'it is unfinished'}")
        else:
            fit.append(other)
    return fit


def _report(one: Kept, together: Sequence[Kept], entries: Registry, calibration: Calibration) -> None:
    from harness.report import page

    folder = one.folder
    notes = (*one.broken, *one.warnings)
    try:
        with ERR.status(f"{folder}: judging and drawing"):
            material = page.Material(
                one.session, one.runs, judged(entries, together), calibration, notes, entries.undecidable, one.probes, records(folder)
            )
            page.write(folder, material, put=store.write_aside)
    except OSError as error:
        raise UserError(f"{folder}: {error.strerror}; make it writable") from None
    click.echo(f"{folder / 'report.html'}, {folder / 'report.md'}")


def _at_hand(base: Path) -> list[Kept]:
    """Every finished session under results/ and results/published/. To take the newest alone would let one run again until it says
    what one likes; what is unfinished or can't be read is named and left out.
    """
    found = []
    for folder in sorted(p.parent for pattern in ("published/*", "*") for p in (base / "results").glob(f"{pattern}/{store.SESSION}")):
        try:
            one = kept(folder)
        except UserError as error:
            say(f"left out: {error}")
            continue
        if len(one.runs) < len(one.session.jobs):
            say(f"left out: {folder} is unfinished; go on with: bench run --resume {folder}")
        else:
            found.append(one)
    return found


@click.command()
@click.argument("claim", required=False)
@click.option("--session", "folders", type=click.Path(path_type=Path), multiple=True, metavar="DIR",
              help="Judge on this session; repeatable.  [default: all that are finished under results/]")  # fmt: skip
@JSON
def claims(claim: str | None, folders: tuple[Path, ...], as_json: bool) -> None:
    """Judge every claim, or show the whole evidence of one.

    \b
    bench claims
    bench claims C07
    bench claims C07 --session results/20261123-101500-groupby
    """
    from harness.report import claimed

    catalog = load(root())
    entries = registered(catalog)
    wanted = claim and _entry(entries, claim).id
    sessions = [kept(folder) for folder in dict.fromkeys(p.resolve() for p in folders)] or _at_hand(catalog.root)
    judgement = judged(entries, sessions)
    say(f"judged on: {', '.join(str(k.folder) for k in sessions) or 'no session yet'}")
    if as_json:
        print_json(claimed.as_json(judgement, entries.undecidable, wanted))
    elif wanted and not judgement.withheld:
        claimed.evidence(next(v for v in judgement.verdicts if v.claim.id == wanted), OUT)
    else:
        claimed.render(judgement, entries.undecidable, OUT)


@click.command()
@click.argument("before", type=click.Path(path_type=Path))
@click.argument("after", type=click.Path(path_type=Path))
@click.option(
    "--margin", type=click.FloatRange(0, 10), default=0.05, show_default=True, help="Smaller differences are no matter: 0.05 is 5 %."
)
@click.option("--markdown", is_flag=True, help="As Markdown, for a page.")
@JSON
def compare(before: Path, after: Path, margin: float, markdown: bool, as_json: bool) -> None:
    """Compare two sessions of one machine: what takes more than before, beyond noise and margin.

    \b
    bench compare results/nightly/20261122-021700 results/nightly/20261123-021700

    Exit code 1 on a regression, 2 where they can't be compared.
    """
    from harness import compare as comparing
    from harness.report import compared

    one, two = kept(before), kept(after)
    if broken := (*one.broken, *two.broken):
        raise UserError(f"{broken[0]}; what was changed by hand is not compared: restore it")
    found = comparing.compare((one.session, one.runs), (two.session, two.runs), margin)
    if as_json:
        print_json(compared.as_json(found))
    elif markdown:
        click.echo(compared.as_markdown(found), nl=False)
    else:
        compared.render(found, OUT)
    sys.exit(found.exit_code)
