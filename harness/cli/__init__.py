"""The command line: parses, calls, prints. The only part that imports all the others; nobody imports it.

Exit codes: 0 done; 1 a finding (a wrong answer, a failed build, something that spoils a measurement); 2 a user's mistake; 130 Ctrl-C.
"""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path
from typing import Any

import click

import harness
from harness import building
from harness.cli import judging, measuring, preparing, reading
from harness.cli.common import say
from harness.model import UserError
from harness.options import root
from harness.runner import live
from harness.runner.engine import EngineError


class _Bench(click.Group):
    """Turns a user's mistake into one line and exit code 2, Ctrl-C into 130."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            _sweep(root())
            return super().invoke(ctx)
        except (UserError, EngineError) as error:
            say(f"bench: {error}", style="red")
            ctx.exit(2)
        except KeyboardInterrupt:
            ctx.exit(130)
        except BrokenPipeError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            ctx.exit(0)


def _sweep(folder: Path) -> None:
    """Before any command: what a killed harness has left behind goes."""
    if markers := live.dead(folder):
        for line in live.sweep(markers, building.engines(folder)):
            say(f"removed: {line}")


@click.group(cls=_Bench, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(harness.__version__, prog_name="bench")
def main() -> None:
    """Decide with evidence which language (Python, Go, Rust) serves which part of an ML pipeline.

    \b
    bench run --workload groupby             build, prove right, measure, compare
    bench report results/20261123-101500-groupby   verdicts, figures and records on one page
    bench claims C07                         the whole evidence of one claim
    bench compare BEFORE AFTER               what takes more than it did
    bench plot results/                      draw every session there
    bench list                               what there is to run
    bench doctor                             what this machine lacks or would spoil

    Exit codes: 0 done, 1 a finding, 2 a mistake in the command, 130 Ctrl-C.
    """
    signal.signal(signal.SIGTERM, signal.default_int_handler)


for _command in (
    *(preparing.list_command, preparing.data, preparing.cache, preparing.request_command, preparing.doctor, preparing.schema),
    *(measuring.build, measuring.run, measuring.verify),
    *(reading.plot, reading.show, judging.report, judging.claims, judging.compare),
):
    main.add_command(_command)
