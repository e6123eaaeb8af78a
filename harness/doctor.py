"""Looks at the machine as a measurement would: what it has, what it lacks, what would spoil a result, and what to do about it."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from harness import data, environment
from harness.catalog import Catalog
from harness.runner.meter import work_ns

MANY_BUSY = 0.5
LITTLE_DISK = 5 << 30
UNSTEADY = 1.1
TRIES, APART_S = 30, 0.03


@dataclass(frozen=True, slots=True)
class Finding:
    """`ok`, `warn` (spoils or limits a measurement) or `lacks`; with what to do."""

    mark: Literal["ok", "warn", "lacks"]
    what: str
    advice: str = ""

    def row(self) -> dict[str, str]:
        """For --json."""
        return {"mark": self.mark, "what": self.what, "advice": self.advice}


def examine(catalog: Catalog, docker: Mapping[str, Any]) -> list[Finding]:
    """All findings; `docker` holds what is known of the daemon, or its `error`."""
    machine, state = environment.machine(), environment.state()
    return [*_toolchains(catalog), *_docker(docker), *_cpu(machine), *_noise(machine, state), pace(_tried()), *_disk()]


def _toolchains(catalog: Catalog) -> Iterator[Finding]:
    said = environment.software(catalog.root, {lang.name: lang.version for lang in catalog.languages.values()})["toolchains"]
    assert isinstance(said, Mapping)
    for lang in catalog.languages.values():
        missing = [tool for tool in lang.requires if not shutil.which(tool)]
        if missing:
            yield Finding("lacks", f"{lang.title}: no {', '.join(missing)} on PATH", "install it, or use containers (--engine docker)")
        else:
            yield Finding("ok", f"{lang.title}: {said[lang.name]}")


def _docker(docker: Mapping[str, Any]) -> Iterator[Finding]:
    if "error" in docker:
        yield Finding("lacks", docker["error"], "jobs run as local processes, more weakly isolated; as root: make docker")
        return
    yield Finding("ok", f"Docker {docker['server']}, {docker['driver']}, cgroup driver {docker['cgroup_driver']}")
    if docker["client"] is None:
        yield Finding("lacks", "no docker client with BuildKit", "install docker-buildx")
    if docker["lacking"]:
        yield Finding("lacks", f"base images for {', '.join(docker['lacking'])}", "make them with: docker/bases.sh")
    stand_ins = [ref for ref in docker["bases"].values() if "standin" in ref]
    if stand_ins:
        yield Finding("ok", f"{len(stand_ins)} base images are stand-ins, because no registry answered; each session records their digests")


def _cpu(machine: Mapping[str, Any]) -> Iterator[Finding]:
    usable = machine["cpus_usable"] or []
    yield Finding("ok", f"{machine['cpu_model']}, {len(usable)} usable CPUs, cgroup {machine['cgroup']}")
    if len(usable) < 2:
        yield Finding("warn", "one CPU: the harness shares it with the jobs", "use a machine with two or more")
    if machine["governor"] not in (None, "performance"):
        yield Finding("warn", f"governor {machine['governor']}", "cpupower frequency-set -g performance")
    if machine["turbo"]:
        yield Finding(
            "warn",
            "turbo is on: speed follows the temperature",
            "write 1 to /sys/devices/system/cpu/intel_pstate/no_turbo, or 0 to cpufreq/boost",
        )
    if machine["smt"]:
        yield Finding("warn", "SMT is on: a neighbour thread shares the core", "echo off > /sys/devices/system/cpu/smt/control")
    if machine["cgroup"] == "none":
        yield Finding("warn", "no cgroups: memory is read from processes", "mount cgroup2 on /sys/fs/cgroup")


def _noise(machine: Mapping[str, Any], state: Mapping[str, Any]) -> Iterator[Finding]:
    if machine["virtualisation"]:
        yield Finding(
            "warn",
            f"virtualised ({machine['virtualisation']}): neighbours may steal time",
            "watch the control meter",
        )
    if machine["clock_source"] not in (None, "tsc", "kvm-clock", "arch_sys_counter"):
        yield Finding("warn", f"clock source {machine['clock_source']} is slow to read", "boot with clocksource=tsc where it is stable")
    if machine["swap_bytes"]:
        yield Finding("warn", f"{machine['swap_bytes'] >> 20} MiB of swap", "swapoff -a (containers get none anyway)")
    if state["load_1min"] > MANY_BUSY:
        yield Finding("warn", f"load {state['load_1min']:.1f}: something else is running", "end it, or wait")


def _tried() -> Iterator[int]:
    """CPU time of the same work, again and again for a second."""
    for _ in range(TRIES):
        time.sleep(APART_S)
        yield work_ns()


def pace(tries: Iterable[int]) -> Finding:
    """Whether the CPU keeps its speed: the same work's CPU times in nanoseconds, without the tenth at either end."""
    found = sorted(tries)
    cut = len(found) // 10
    quick, slow = found[cut], found[-1 - cut]
    said = f"the same work takes {quick / 1e6:.2f} to {slow / 1e6:.2f} ms of a CPU"
    if slow <= UNSTEADY * quick:
        return Finding("ok", said)
    return Finding("warn", f"{said}: its speed changes", "end what else runs, or measure at another hour; runs record it (reference_ms)")


def _disk() -> Iterator[Finding]:
    folder = data.folder()
    while not folder.exists():
        folder = folder.parent
    free = shutil.disk_usage(folder).free
    mark: Literal["ok", "warn"] = "warn" if free < LITTLE_DISK else "ok"
    yield Finding(
        mark, f"{free / 1e9:.0f} GB free for inputs in {data.folder()}", "free some room, or set BENCH_DATA" if mark == "warn" else ""
    )
