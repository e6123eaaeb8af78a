"""The options that several commands share, with shell completion from the catalogue; and where the checkout is."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import click

import harness
from harness.catalog import load
from harness.model import UserError


def root() -> Path:
    """The checkout: $BENCH_ROOT, or the folder at or above the current one that has workloads/ and impls/, or the package's own."""
    if chosen := os.environ.get("BENCH_ROOT"):
        return Path(chosen).resolve()
    for folder in (Path.cwd(), *Path.cwd().parents):
        if (folder / "workloads").is_dir() and (folder / "impls").is_dir():
            return folder
    return Path(harness.__file__).resolve().parent.parent


def parameters(pairs: Sequence[str]) -> dict[str, int | float | str]:
    """The changes that `--param NAME=VALUE` asks for; UserError for one that isn't written so."""
    changes: dict[str, int | float | str] = {}
    for pair in pairs:
        key, equals, value = pair.partition("=")
        if not equals:
            raise UserError(f"--param {pair}: write it as NAME=VALUE, e.g. --param k=10")
        changes[key] = _number(value)
    return changes


def _number(text: str) -> int | float | str:
    """A plain number as one; all else, `nan` and `1_000` too, is text."""
    if not re.fullmatch(r"-?[0-9]{1,18}(\.[0-9]+)?", text):
        return text
    return float(text) if "." in text else int(text)


class Counts(click.ParamType[tuple[int, ...]]):
    """`1,2`: positive whole numbers, each once."""

    name = "counts"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[int, ...]:
        """The numbers in the order written."""
        if isinstance(value, tuple):
            return value
        parts = str(value).split(",")
        if not all(re.fullmatch(r"[1-9][0-9]{0,5}", part) for part in parts) or len(set(parts)) < len(parts):
            self.fail(f"'{value}': write numbers of threads with commas between, each once: 1,2", param, ctx)
        return tuple(map(int, parts))


def _complete(kind: str) -> Callable[[click.Context, click.Parameter, str], list[str]]:
    """Shell completion from the catalogue; silent where that can't be read."""

    def complete(ctx: click.Context, _: click.Parameter, incomplete: str) -> list[str]:
        try:
            catalog = load(root())
        except UserError:
            return []
        names = {"workload": list(catalog.workloads), "implementation": list(catalog.implementations)}.get(kind)
        if names is None:
            chosen = ctx.params.get("workload")
            names = [c.name for w in catalog.workloads.values() if chosen in (None, w.name) for c in w.cases]
        return [n for n in names if n.startswith(incomplete)]

    return complete


Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]


def options(*several: Decorator) -> Decorator:
    """Several options as one decorator, in the order of the help."""

    def add(function: Callable[..., Any]) -> Callable[..., Any]:
        for option in reversed(several):
            function = option(function)
        return function

    return add


_NAME: dict[str, Any] = {"metavar": "NAME", "shell_complete": _complete("workload"), "help": "What to compute."}
WORKLOAD = click.option("--workload", "-w", required=True, **_NAME)
ANY_WORKLOAD = click.option("--workload", "-w", **_NAME)
SELECT = click.option("--select", "-s", multiple=True, metavar="NAME", shell_complete=_complete("implementation"),
                      help="Implementation by name or glob (rust/*); repeatable.")  # fmt: skip
CASE = click.option("--case", "-c", multiple=True, metavar="NAME", shell_complete=_complete("case"),
                    help="Case by name or glob; repeatable. Default: the workload's own.")  # fmt: skip
PARAM = click.option("--param", "-p", multiple=True, metavar="NAME=VALUE", help="Change a parameter of the cases; repeatable.")
ENGINE = click.option("--engine", type=click.Choice(["auto", "docker", "local"]), default="auto", show_default=True,
                      help="Containers, local processes, or containers where a daemon answers.")  # fmt: skip
SEED = click.option("--seed", type=click.IntRange(0, 2**63 - 1), help="Default: drawn afresh, and recorded.")
JSON = click.option("--json", "as_json", is_flag=True, help="Machine-readable output.")
THREADS = click.option("--threads", type=click.IntRange(1), default=1, show_default=True, help="Threads, and CPUs, of each job.")
SEVERAL_THREADS = click.option("--threads", type=Counts(), default="1", show_default=True, metavar="N[,N...]",
                               help="Threads, and CPUs, of each job; of several numbers each block runs them all.")  # fmt: skip
RESULTS = click.argument("path", type=click.Path(path_type=Path), default=Path("results"))
