"""What the commands share: where they print, and how one session is shown and drawn."""

from __future__ import annotations

import json
import shlex
import sys
from pathlib import Path

import click
from rich.console import Console

from harness import store
from harness.model import UserError

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


# Reports are imported where they are made: their libraries take longer than all the rest, and shell completion imports this file.
def show(folder: Path, *, as_json: bool) -> None:
    """Print a session's comparison."""
    from harness.report import terminal

    session, (runs, torn) = store.read_session(folder), store.read_runs(folder)
    warnings = [*torn, *store.seals(folder)]
    if as_json:
        print_json(terminal.as_json(session, runs))
        return
    terminal.render(session, runs, OUT, warnings)


def draw(folder: Path) -> None:
    """Draw a session's plots beside its records."""
    from harness.report import plots

    session, (runs, warnings) = store.read_session(folder), store.read_runs(folder)
    for line in (*warnings, *store.seals(folder)):
        say(f"warning: {line}")
    try:
        drawn = plots.draw(session, runs, folder / "plots")
    except OSError as error:
        raise UserError(f"{folder / 'plots'}: {error.strerror}; make it writable") from None
    click.echo(f"{len(drawn)} files in {folder / 'plots'}")
