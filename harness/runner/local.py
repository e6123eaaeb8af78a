"""The engine without containers: an implementation is a process of this machine, built by the local toolchains.

Weaker than docker.py, and said so in each record: CPUs are pinned, the time limit holds, memory is watched from outside and the job
killed beyond its limit; but files, network and the page cache are the machine's own.
"""

from __future__ import annotations

import ctypes
import os
import resource
import secrets
import selectors
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil

from harness.model import Build, Implementation, Language, Reading
from harness.runner import local_build
from harness.runner.engine import HARNESS_VARIABLE, Chunk, EngineError, Exit, Launch, Seen, Tell

START_VARIABLE = "BENCH_START"
"""Names one start of one job to all that it starts; drawn, so that it tells the job nothing of itself."""
PASSED_ON = ("PATH", "LANG", "LC_ALL", "TMPDIR", "SYSTEMROOT")
CHILDREN_EVERY_NS = 250_000_000
INTERRUPTS = (signal.SIGINT, signal.SIGTERM)
_PR_SET_PDEATHSIG = 1


def _prepare(cpus: tuple[int, ...]) -> Callable[[], None]:
    """What the child does before it becomes the implementation: its CPUs, no core dump, death with the harness."""
    libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None

    def prepare() -> None:
        for number in INTERRUPTS:  # one that came since the fork must end the child, not raise in it
            signal.signal(number, signal.SIG_DFL)
        if libc:
            os.sched_setaffinity(0, cpus)
            libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))

    return prepare


@contextmanager
def _undisturbed() -> Iterator[None]:
    """Put Ctrl-C off until a fork is over: Python drops what is raised in the hooks that run after one, and the session would go on.

    Blocking the signals was the road not taken: the kernel then gives them to another thread, and Python raises in this one all the same.
    """
    if threading.current_thread() is not threading.main_thread():  # only that one is ever interrupted
        yield
        return
    came: list[int] = []
    before = [(number, signal.signal(number, lambda signum, _: came.append(signum))) for number in INTERRUPTS]
    try:
        yield
    finally:
        for number, handler in before:
            signal.signal(number, handler)
        if came:
            signal.raise_signal(came[0])


class LocalHandle:
    """A process group of our own, with pipes."""

    network: str | None = None

    def __init__(self, command: list[str], env: Mapping[str, str], cwd: Path, launch: Launch) -> None:
        pipe = subprocess.PIPE
        try:
            with _undisturbed():
                self._popen = subprocess.Popen(
                    command, stdin=pipe, stdout=pipe, stderr=pipe, env=env, cwd=cwd, start_new_session=True,
                    preexec_fn=_prepare(launch.job.limits.cpus), bufsize=0,
                )  # fmt: skip
        except OSError as error:
            raise EngineError(
                f"{command[0]}: {error.strerror}; build it again with: bench build --select {launch.job.implementation}"
            ) from None
        except KeyboardInterrupt:
            if hasattr(self, "_popen"):
                self.kill()
            raise
        self._start = env[START_VARIABLE]
        self._memory_limit = launch.job.limits.memory_bytes
        self._oom = False
        self._children: list[psutil.Process] = []
        self._children_ns = 0
        with suppress(psutil.Error):
            self._process: psutil.Process | None = psutil.Process(self._popen.pid)
        self._selector = selectors.DefaultSelector()
        for stream, name in ((self._popen.stdout, "out"), (self._popen.stderr, "err")):
            assert stream
            self._selector.register(stream, selectors.EVENT_READ, name)

    @property
    def ended(self) -> bool:
        """True once both of its outputs have ended."""
        return not self._selector.get_map()

    def pump(self, timeout_s: float) -> list[Chunk]:
        """What has come within `timeout_s`."""
        chunks: list[Chunk] = []
        for key, _ in self._selector.select(timeout_s):
            data = os.read(key.fd, 1 << 16)
            if data:
                chunks.append((key.data, data))
            else:
                self._selector.unregister(key.fileobj)
        return chunks

    def write(self, data: bytes) -> None:
        """Send to standard input."""
        assert self._popen.stdin
        with suppress(BrokenPipeError):
            self._popen.stdin.write(data)

    def close_stdin(self) -> None:
        """End its standard input."""
        assert self._popen.stdin
        with suppress(BrokenPipeError):
            self._popen.stdin.close()

    def _tree(self) -> list[psutil.Process]:
        """The process and its descendants; these are looked up rarely, because that reads all of /proc."""
        now = time.monotonic_ns()
        if self._process and now - self._children_ns > CHILDREN_EVERY_NS:
            self._children_ns = now
            with suppress(psutil.Error):
                self._children = self._process.children(recursive=True)
        return [self._process, *self._children] if self._process else []

    def memory_bytes(self) -> int | None:
        """Anonymous memory of the tree: resident less shared. Beyond the limit the job is killed."""
        total = None
        for process in self._tree():
            with suppress(psutil.Error):
                memory = process.memory_info()
                total = (total or 0) + memory.rss - getattr(memory, "shared", 0)
        if total is not None and total > self._memory_limit:
            self._oom = True
            self.kill()
        return total

    def reading(self) -> Reading | None:
        """CPU time and memory of the tree, as far as processes tell them."""
        user = system = None
        for process in self._tree():
            with suppress(psutil.Error):
                times = process.cpu_times()
                user = (user or 0) + times.user + times.children_user
                system = (system or 0) + times.system + times.children_system
        if user is None or system is None:
            return None
        return Reading(source="processes", anon_bytes=self.memory_bytes(), user_ns=int(user * 1e9), system_ns=int(system * 1e9))

    def terminate(self) -> None:
        """SIGTERM to the process that was started; what it has started is its own affair."""
        with suppress(ProcessLookupError, PermissionError):
            self._popen.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """End the whole group at once."""
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self._popen.pid, signal.SIGKILL)

    def result(self, timeout_s: float) -> Exit | None:
        """How it ended."""
        try:
            code = self._popen.wait(timeout_s)
        except subprocess.TimeoutExpired:
            return None
        return Exit(code if code >= 0 else None, signal.Signals(-code).name if code < 0 else None, self._oom)

    def close(self) -> None:
        """End what is left of it and close the pipes; what it started may have left its group."""
        self.kill()
        self._popen.wait()
        _end_those_of(START_VARIABLE, self._start.__eq__)
        self._selector.close()
        for stream in (self._popen.stdin, self._popen.stdout, self._popen.stderr):
            if stream:
                with suppress(BrokenPipeError):
                    stream.close()


def _end_those_of(variable: str, owned: Callable[[str], bool]) -> list[str]:
    """End every process that carries an `owned` name in this variable of its environment; which they were."""
    ended = []
    for process in psutil.process_iter():
        with suppress(psutil.Error, OSError):
            owner = process.environ().get(variable)
            if owner and owned(owner):
                process.kill()
                ended.append(f"{process.pid} ({process.name()})")
    return ended


class LocalEngine:
    """Processes of this machine."""

    name = "local"
    isolation = "processes of this machine: pinned and timed, but files, network and caches are shared (weaker than containers)"

    def __init__(self, root: Path) -> None:
        self._root = root

    def build(self, implementation: Implementation, language: Language, log: Path, tell: Tell, *, clean: bool) -> Build:
        """Build by the language's local recipe."""
        return local_build.build(self._root, implementation, language, log, tell, clean=clean)

    def has(self, build: Build, implementation: Implementation, language: Language) -> bool:
        """Whether its sources and what was built of them are unchanged."""
        return local_build.current(self._root, implementation, language) == build.digest

    def lacks(self, language: Language) -> list[str]:
        """The tools of the language's recipe that are not on PATH."""
        return local_build.missing(language)

    def paths(self, launch: Launch) -> Seen:
        """The folders as they are."""
        return Seen(str(launch.data), *(str(folder) if folder else None for folder in (launch.out, launch.outputs)))

    def start(self, launch: Launch) -> LocalHandle:
        """Start the built implementation."""
        fill = local_build.placeholders(self._root, launch.implementation, launch.language)
        recipe = launch.implementation.local or launch.language.local
        command = [part.format_map(fill) for part in recipe.run]
        env = {key: os.environ[key] for key in PASSED_ON if key in os.environ}
        env |= {key: value.format_map(fill) for key, value in recipe.env.items()}
        env |= {HARNESS_VARIABLE: launch.harness, START_VARIABLE: secrets.token_hex(8), "BENCH_PADDING": launch.padding}
        return LocalHandle(command, env, launch.implementation.folder, launch)

    def sweep(self, alive: Callable[[str], bool]) -> list[str]:
        """End processes that a dead harness has started."""
        ended = _end_those_of(HARNESS_VARIABLE, lambda owner: not alive(owner))
        return [f"process {process} of a harness that is gone" for process in ended]
