"""Reads the account that the kernel keeps of a cgroup, version 1 or 2. A file that isn't there gives None, never 0."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from harness.model import Reading

ROOT = Path("/sys/fs/cgroup")


def _number(path: Path | None) -> int | None:
    try:
        return int(path.read_text()) if path else None
    except (OSError, ValueError):
        return None


def _field(path: Path | None, key: str) -> int | None:
    """The number after `key` in a file of `key value` lines."""
    try:
        fields = (line.partition(" ") for line in path.read_text().splitlines()) if path else ()
        return next((int(value) for name, _, value in fields if name == key), None)
    except (OSError, ValueError):
        return None


def _times(value: int | None, factor: int) -> int | None:
    return None if value is None else value * factor


@dataclass(frozen=True, slots=True)
class V1:
    """A job's folders in the hierarchies of version 1."""

    memory: Path
    cpuacct: Path | None
    cpu: Path | None

    def anon_bytes(self) -> int | None:
        """Anonymous memory of the cgroup and those below it."""
        return _field(self.memory / "memory.stat", "total_rss")

    def reading(self) -> Reading:
        """The whole account."""
        acct = self.cpuacct
        return Reading(
            source="cgroup v1",
            anon_bytes=self.anon_bytes(),
            peak_bytes=_number(self.memory / "memory.max_usage_in_bytes"),
            user_ns=_number(acct and acct / "cpuacct.usage_user"),
            system_ns=_number(acct and acct / "cpuacct.usage_sys"),
            throttled_ns=_field(self.cpu and self.cpu / "cpu.stat", "throttled_time"),
            oom_kills=_field(self.memory / "memory.oom_control", "oom_kill"),
            swap_bytes=_field(self.memory / "memory.stat", "total_swap"),
        )


@dataclass(frozen=True, slots=True)
class V2:
    """A job's folder in the unified hierarchy."""

    folder: Path

    def anon_bytes(self) -> int | None:
        """Anonymous memory of the cgroup and those below it."""
        return _field(self.folder / "memory.stat", "anon")

    def reading(self) -> Reading:
        """The whole account; `memory.peak` exists since Linux 5.19."""
        stat = self.folder / "cpu.stat"
        return Reading(
            source="cgroup v2",
            anon_bytes=self.anon_bytes(),
            peak_bytes=_number(self.folder / "memory.peak"),
            user_ns=_times(_field(stat, "user_usec"), 1000),
            system_ns=_times(_field(stat, "system_usec"), 1000),
            throttled_ns=_times(_field(stat, "throttled_usec"), 1000),
            oom_kills=_field(self.folder / "memory.events", "oom_kill"),
            swap_bytes=_number(self.folder / "memory.swap.current"),
        )


def find(membership: str, root: Path = ROOT) -> V1 | V2 | None:
    """The cgroup that /proc/<pid>/cgroup (its text in `membership`) names; None where it isn't visible from here.

    On a machine with both versions mounted the memory controller decides which one is in charge.
    """
    paths = {}
    for line in membership.splitlines():
        _, controllers, path = line.split(":", 2)
        for name in controllers.split(","):
            paths[name] = (controllers, path.lstrip("/"))
    if "memory" in paths:
        memory = _folder(root, *paths["memory"], "memory")
        acct, cpu = (_folder(root, *paths[c], c) if c in paths else None for c in ("cpuacct", "cpu"))
        return V1(memory, acct, cpu) if memory else None
    if "" in paths and (root / paths[""][1] / "memory.stat").exists():
        return V2(root / paths[""][1])
    return None


def _folder(root: Path, controllers: str, path: str, name: str) -> Path | None:
    """Controllers that share a hierarchy are mounted under both their joint and their own names, or one of them."""
    found = (root / mount / path for mount in (controllers, name) if (root / mount / path).is_dir())
    return next(found, None)
