"""The command `bench` for the tests: real processes, forked from a server that has imported it once, so that dozens cost seconds."""

from __future__ import annotations

import multiprocessing
import os
import resource
import signal
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from multiprocessing.context import ForkServerProcess
from pathlib import Path

_CONTEXT = multiprocessing.get_context("forkserver")
_CONTEXT.set_forkserver_preload(["harness.cli"])


def _become(args: tuple[str, ...], env: Mapping[str, str], cwd: str, out: str, file_limit: int | None) -> None:
    """In the forked process: what a shell would set up, then the command line itself."""
    os.setsid()
    os.chdir(cwd)
    os.environ.update(env)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for descriptor, name in ((1, "stdout"), (2, "stderr")):
        os.dup2(os.open(f"{out}.{name}", os.O_WRONLY | os.O_CREAT | os.O_TRUNC), descriptor)
    if file_limit is not None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (file_limit, file_limit))
    sys.argv = ["bench", *args]
    from harness import cli

    cli.main(prog_name="bench")


@dataclass(frozen=True, slots=True)
class Done:
    """A command that has ended: exit code (negative: the signal that killed it) and outputs."""

    code: int
    out: str
    err: str


@dataclass(slots=True)
class Running:
    """A command under way, leader of a process group of its own."""

    process: ForkServerProcess
    output: str

    @property
    def pid(self) -> int:
        assert self.process.pid
        return self.process.pid

    def signal_group(self, number: signal.Signals) -> None:
        """What a terminal does on Ctrl-C: every process of the group gets it."""
        os.killpg(self.pid, number)

    def signal_kill(self) -> None:
        """kill -9 of the harness alone."""
        self.process.kill()

    def wait(self, timeout_s: float = 240) -> Done:
        self.process.join(timeout_s)
        code = self.process.exitcode
        if code is None:
            self.process.kill()
            raise AssertionError(f"still running after {timeout_s:g} s: {self._text('stderr')}")
        return Done(code, self._text("stdout"), self._text("stderr"))

    def _text(self, name: str) -> str:
        return Path(f"{self.output}.{name}").read_text(encoding="utf-8")


class Bench:
    """`bench(*arguments)` in the checkout at `root`; `start` does not wait for its end."""

    def __init__(self, root: Path, folder: Path, data: Path) -> None:
        self.root, self._folder, self._data, self._count = root, folder, data, 0

    def start(self, *args: str | Path, file_limit: int | None = None, env: Mapping[str, str] | None = None) -> Running:
        self._count += 1
        output = str(self._folder / f"command-{self._count}")
        for name in ("stdout", "stderr"):
            Path(f"{output}.{name}").touch()
        world = {"BENCH_ROOT": str(self.root), "BENCH_DATA": str(self._data), **(env or {})}
        told = (tuple(map(str, args)), world, str(self._folder), output, file_limit)
        process = _CONTEXT.Process(target=_become, args=told)
        process.start()
        return Running(process, output)

    def __call__(self, *args: str | Path, file_limit: int | None = None, env: Mapping[str, str] | None = None) -> Done:
        return self.start(*args, file_limit=file_limit, env=env).wait()

    def at(self, root: Path) -> Bench:
        """The same command in another checkout."""
        return Bench(root, root.parent, self._data)
