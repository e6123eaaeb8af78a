"""What the commands share: where they print, and how one session is read, shown and drawn."""

from __future__ import annotations

import json
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import click
from rich.console import Console

from harness import store
from harness.model import Run, Session, UserError

if TYPE_CHECKING:
    from harness.report.stretch import Records

OUT, ERR = Console(), Console(stderr=True)


def say(text: str, style: str | None = None) -> None:
    """One line on standard error, however long: only a terminal may break it."""
    ERR.print(text, style=style, markup=False, highlight=False, soft_wrap=True)


def print_json(value: object) -> None:
    """For --json."""
    click.echo(json.dumps(value, indent=1, default=str))


def typed() -> str:
    """The command as it was typed, for the record."""
    return shlex.join(["bench", *sys.argv[1:]])


class Kept(NamedTuple):
    """A session as it lies there, with what is to be said of its files; `probes` are the jobs of searches."""

    folder: Path
    session: Session
    runs: list[Run]
    warnings: tuple[str, ...]
    broken: tuple[str, ...]
    probes: tuple[Run, ...] = ()


def kept(folder: Path) -> Kept:
    """Read one session, torn lines and broken seals noted."""
    session, (runs, warnings) = store.read_session(folder), store.read_runs(folder)
    found = [store.read_runs(folder, name) for name in store.PROBES]
    probes, torn = (tuple(x for one in several for x in one) for several in zip(*found, strict=True))
    return Kept(folder, session, runs, (*warnings, *torn), store.seals(folder), probes)


# Reports are imported where they are made: their libraries take longer than all the rest, and shell completion imports this file.
def show(one: Kept, *, as_json: bool) -> None:
    """Print a session's comparison."""
    from harness.report import terminal

    if as_json:
        print_json(terminal.as_json(one.session, one.runs, one.probes))
        return
    terminal.render(one.session, one.runs, OUT, (*one.warnings, *one.broken), one.probes)


def records(folder: Path) -> Records:
    """The requests of a job as they were kept; None where they were not, or can't be read: a figure less, and no page less."""
    import polars as pl

    def of(job: str) -> pl.DataFrame | None:
        try:
            return pl.read_parquet(store.requests(folder, job), columns=["intended_ns", "done_ns", "failure"])
        except (OSError, pl.exceptions.PolarsError):
            return None

    return of


def draw(one: Kept) -> None:
    """Draw a session's plots beside its records."""
    from harness.report import plots

    for line in (*one.warnings, *one.broken):
        say(f"warning: {line}")
    folder = one.folder / "plots"
    try:
        drawn = plots.draw(one.session, one.runs, folder, records(one.folder))
    except OSError as error:
        raise UserError(f"{folder}: {error.strerror}; make it writable") from None
    click.echo(f"{len(drawn)} files in {folder}")
