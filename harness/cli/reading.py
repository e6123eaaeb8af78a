"""The commands that read sessions and need neither engine nor implementations: plot, show."""

from __future__ import annotations

from pathlib import Path

import click

from harness import store
from harness.cli import common
from harness.options import JSON, RESULTS


@click.command()
@RESULTS
def plot(path: Path) -> None:
    """Draw a session, or every session in a folder, as SVG and PNG with the data as CSV.

    \b
    bench plot results/
    bench plot results/20261123-101500-groupby
    """
    for folder in store.sessions(path):
        common.draw(common.kept(folder))


@click.command()
@RESULTS
@JSON
def show(path: Path, as_json: bool) -> None:
    """Print a session's comparison again, or that of every session in a folder."""
    for folder in store.sessions(path):
        common.show(common.kept(folder), as_json=as_json)
