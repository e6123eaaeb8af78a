"""The engine of containers: one image an implementation, one container a job, as shut off as a measurement allows.

Pinned CPUs, a memory limit without swap, no network, a read-only root with a small tmpfs, no capabilities, no new privileges,
not root, a limit on processes; labelled, and always removed. No network means loopback alone; what runs beside a job shares that.
"""

from __future__ import annotations

import os
import select
import socket
import struct
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import docker.errors
import requests.exceptions

import docker
from harness.model import Build, Implementation, Language, Reading
from harness.runner import cgroup, docker_build
from harness.runner.engine import HARNESS_LABEL, SESSION_LABEL, Chunk, EngineError, Exit, Launch, Seen, Tell

USER = "65534:65534"
TMPFS = {"/tmp": "size=256m,mode=1777"}  # noqa: S108 - in the container
FILE_LIMIT = 16 << 30
ANSWER_ERRORS = (docker.errors.DockerException, requests.exceptions.RequestException)
_STREAMS = {1: "out", 2: "err"}


class Demultiplexer:
    """Splits Docker's attach stream: frames of an 8-byte header (stream, length) and as many bytes."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, data: bytes) -> list[Chunk]:
        """The payloads completed or continued by `data`; what is left of a frame waits for the next call."""
        self._rest += data
        chunks: list[Chunk] = []
        while len(self._rest) >= 8:
            stream, size = struct.unpack(">BxxxL", self._rest[:8])
            if len(self._rest) < 8 + size:
                break
            chunks.append((_STREAMS.get(stream, "err"), self._rest[8 : 8 + size]))  # type: ignore[arg-type]
            self._rest = self._rest[8 + size :]
        return chunks


class DockerHandle:
    """One container, attached before it starts, so that nothing it says is lost."""

    def __init__(self, api: Any, container: str, pid: int, stream: Any) -> None:
        self._api, self._container, self._stream = api, container, stream
        self.network = f"container:{container}"
        self._socket: socket.socket = stream._sock
        self._frames = Demultiplexer()
        self._ended = False
        self._cgroup = _cgroup_of(pid)
        self._exit: Exit | None = None

    @property
    def ended(self) -> bool:
        """True once the attach stream has ended."""
        return self._ended

    def pump(self, timeout_s: float) -> list[Chunk]:
        """What has come within `timeout_s`."""
        if self._ended or not select.select([self._socket], [], [], timeout_s)[0]:
            return []
        try:
            data = self._socket.recv(1 << 16)
        except OSError:
            data = b""
        self._ended = not data
        return self._frames.feed(data)

    def write(self, data: bytes) -> None:
        """Send to standard input."""
        with suppress(OSError):
            self._socket.sendall(data)

    def close_stdin(self) -> None:
        """End its standard input."""
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_WR)

    def memory_bytes(self) -> int | None:
        """Anonymous memory of its cgroup."""
        return self._cgroup.anon_bytes() if self._cgroup else None

    def reading(self) -> Reading | None:
        """The account of its cgroup; None once that has vanished with the container."""
        account = self._cgroup.reading() if self._cgroup else None
        return account if account and account.anon_bytes is not None else None

    def terminate(self) -> None:
        """SIGTERM to the container's init, which passes it on."""
        with suppress(*ANSWER_ERRORS):
            self._api.kill(self._container, signal="SIGTERM")

    def kill(self) -> None:
        """End it at once. Its outputs go first: a daemon that can't hand them over does not answer until it can."""
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        with suppress(*ANSWER_ERRORS):
            self._api.kill(self._container)

    def result(self, timeout_s: float) -> Exit | None:
        """How it ended, by the daemon's word."""
        if self._exit is None:
            try:
                self._api.wait(self._container, timeout=timeout_s)
                state = self._api.inspect_container(self._container)["State"]
            except ANSWER_ERRORS:
                return None
            code = state["ExitCode"]
            name = _signal_name(code - 128) if code > 128 else None
            self._exit = Exit(None if name else code, name, bool(state["OOMKilled"]))
        return self._exit

    def close(self) -> None:
        """Remove the container, whatever its state. The response goes before its socket, which it would flush in vain."""
        with suppress(OSError, ValueError):
            self._stream._response.close()
        self._socket.close()
        with suppress(*ANSWER_ERRORS):
            self._api.remove_container(self._container, force=True, v=True)


def _signal_name(number: int) -> str | None:
    import signal

    try:
        return signal.Signals(number).name
    except ValueError:
        return None


def _cgroup_of(pid: int) -> cgroup.V1 | cgroup.V2 | None:
    try:
        return cgroup.find(Path(f"/proc/{pid}/cgroup").read_text())
    except OSError:
        return None


class DockerEngine:
    """Containers of the daemon that the environment names (DOCKER_HOST, or the default socket)."""

    name = "docker"
    isolation = "a container a job: pinned CPUs, memory limit without swap, no network, read-only root, no capabilities, not root"

    def __init__(self, root: Path) -> None:
        self._root = root
        try:
            self._client = docker.from_env(timeout=120)
            self._client.ping()
        except ANSWER_ERRORS:
            where = os.environ.get("DOCKER_HOST", "the default socket")
            raise EngineError(f"no Docker daemon answers at {where}; start one, or use --engine local") from None
        self.api: Any = self._client.api

    def build(self, implementation: Implementation, language: Language, log: Path, tell: Tell, *, clean: bool) -> Build:
        """Build the implementation's image with BuildKit."""
        return docker_build.build(self._root, self.api, implementation, language, log, tell, clean=clean)

    def has(self, build: Build, implementation: Implementation, language: Language) -> bool:
        """Whether the daemon still has the image."""
        try:
            return bool(build.digest and self.api.inspect_image(build.digest))
        except ANSWER_ERRORS:
            return False

    def lacks(self, language: Language) -> list[str]:
        """Nothing: the toolchains are in the images."""
        return []

    def paths(self, launch: Launch) -> Seen:
        """Where the folders are mounted."""
        return Seen("/data", "/out" if launch.out else None, "/outputs" if launch.outputs else None)

    def start(self, launch: Launch) -> DockerHandle:
        """Create, attach, start."""
        container = None
        try:
            container = self.api.create_container(**self._settings(launch))["Id"]
            stream = self.api.attach_socket(container, params={"stdin": 1, "stdout": 1, "stderr": 1, "stream": 1})
            self.api.start(container)
            pid = self.api.inspect_container(container)["State"]["Pid"]
        except (*ANSWER_ERRORS, KeyboardInterrupt) as error:
            if container:
                with suppress(*ANSWER_ERRORS):
                    self.api.remove_container(container, force=True, v=True)
            if isinstance(error, KeyboardInterrupt):
                raise
            raise EngineError(f"{launch.job.id}: {_first_line(error)}") from None
        return DockerHandle(self.api, container, pid, stream)

    def _settings(self, launch: Launch) -> dict[str, object]:
        limits = launch.job.limits
        seen = self.paths(launch)
        binds = {str(launch.data): {"bind": seen.data, "mode": "ro"}}
        for folder, inside in ((launch.out, seen.out), (launch.outputs, seen.outputs)):
            if folder and inside:
                binds[str(folder)] = {"bind": inside, "mode": "rw"}
        host = self.api.create_host_config(
            binds=binds,
            cpuset_cpus=",".join(map(str, limits.cpus)),
            mem_limit=limits.memory_bytes,
            memswap_limit=limits.memory_bytes,
            network_mode=launch.beside or "none",
            read_only=True,
            tmpfs=TMPFS,
            cap_drop=["ALL"],
            security_opt=["no-new-privileges"],
            pids_limit=limits.pids,
            init=True,
            ulimits=[docker.types.Ulimit(name="core", soft=0, hard=0), docker.types.Ulimit(name="fsize", soft=FILE_LIMIT, hard=FILE_LIMIT)],
            log_config=docker.types.LogConfig(type="none"),
        )
        labels = {HARNESS_LABEL: launch.harness, SESSION_LABEL: launch.session}
        image = launch.build.digest
        return {
            "image": image, "user": USER, "labels": labels, "stdin_open": True, "tty": False, "host_config": host,
            "environment": {"BENCH_PADDING": launch.padding}, "network_disabled": not launch.beside,
        }  # fmt: skip

    def sweep(self, alive: Callable[[str], bool]) -> list[str]:
        """Remove containers that a dead harness has left."""
        removed = []
        for found in self.api.containers(all=True, filters={"label": HARNESS_LABEL}):
            if not alive(found["Labels"][HARNESS_LABEL]):
                with suppress(*ANSWER_ERRORS):
                    self.api.remove_container(found["Id"], force=True, v=True)
                    removed.append(f"container {found['Id'][:12]} of a harness that is gone")
        return removed

    def version(self) -> dict[str, str]:
        """The daemon's version and storage driver, for the environment."""
        info = self.api.info()
        return {"server": info["ServerVersion"], "driver": info["Driver"], "cgroup_driver": info.get("CgroupDriver", "")}


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:300]
