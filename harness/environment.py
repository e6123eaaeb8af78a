"""Reads what the machine is and what state it is in. What can't be read is null; nothing is guessed."""

from __future__ import annotations

import os
import platform
import re
import shutil
import subprocess
from collections.abc import Callable, Mapping, Sequence
from importlib.metadata import version
from pathlib import Path

import psutil

PACKAGES = ("click", "docker", "msgspec", "numpy", "polars", "duckdb", "psutil", "scipy", "matplotlib")


def _text(path: str) -> str | None:
    try:
        return Path(path).read_text(encoding="utf-8", errors="replace").strip() or None
    except OSError:
        return None


def _said(command: Sequence[str], cwd: Path | None = None) -> str | None:
    """The first line that a command prints; None where it is missing or fails."""
    if not shutil.which(command[0]):
        return None
    try:
        done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=20, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    lines = done.stdout.strip().splitlines()
    return lines[0] if lines and not done.returncode else None


def _cpuinfo(key: str) -> str | None:
    for line in (_text("/proc/cpuinfo") or "").splitlines():
        name, _, value = line.partition(":")
        if name.strip() == key:
            return value.strip()
    return None


def _turbo() -> bool | None:
    no_turbo, boost = _text("/sys/devices/system/cpu/intel_pstate/no_turbo"), _text("/sys/devices/system/cpu/cpufreq/boost")
    if no_turbo is not None:
        return no_turbo == "0"
    return None if boost is None else boost == "1"


def _smt() -> bool | None:
    active = _text("/sys/devices/system/cpu/smt/active")
    return None if active is None else active == "1"


def _mitigations() -> dict[str, str]:
    folder = Path("/sys/devices/system/cpu/vulnerabilities")
    return {p.name: _text(str(p)) or "" for p in sorted(folder.glob("*"))} if folder.is_dir() else {}


def _cgroup_version() -> str:
    if Path("/sys/fs/cgroup/memory").is_dir():
        return "v1"
    return "v2" if Path("/sys/fs/cgroup/cgroup.controllers").exists() else "none"


def _kernel_parameters(line: str | None) -> str | None:
    """The kernel's own parameters that may matter to a figure: not those of the first program, nor what names disks or hosts."""
    if line is None:
        return None
    own = line.partition(" -- ")[0].split()
    return " ".join(word for word in own if not re.search(r"[/:@]|[0-9a-f]{8}-|^(console|root|ip|initrd|BOOT_IMAGE)=", word))


def machine() -> dict[str, object]:
    """The hardware, the kernel and how they are set."""
    frequency = psutil.cpu_freq()
    return {
        "cpu_model": _cpuinfo("model name"),
        "microcode": _cpuinfo("microcode"),
        "cpus": psutil.cpu_count(),
        "cpus_usable": sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else None,
        "cores": psutil.cpu_count(logical=False),
        "max_mhz": frequency.max or None if frequency else None,
        "governor": _text("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor"),
        "turbo": _turbo(),
        "smt": _smt(),
        "isolated_cpus": _text("/sys/devices/system/cpu/isolated"),
        "memory_bytes": psutil.virtual_memory().total,
        "swap_bytes": psutil.swap_memory().total,
        "kernel": platform.release(),
        "command_line": _kernel_parameters(_text("/proc/cmdline")),
        "system": (platform.freedesktop_os_release().get("PRETTY_NAME") if Path("/etc/os-release").exists() else None),
        "libc": " ".join(platform.libc_ver()).strip() or None,
        "cgroup": _cgroup_version(),
        "virtualisation": _said(["systemd-detect-virt"]) or ("hypervisor" if "hypervisor" in (_cpuinfo("flags") or "").split() else None),
        "clock_source": _text("/sys/devices/system/clocksource/clocksource0/current_clocksource"),
        "aslr": _text("/proc/sys/kernel/randomize_va_space"),
        "transparent_huge_pages": _text("/sys/kernel/mm/transparent_hugepage/enabled"),
        "overcommit": _text("/proc/sys/vm/overcommit_memory"),
        "mitigations": _mitigations(),
    }


def software(root: Path, toolchains: Mapping[str, Sequence[str]]) -> dict[str, object]:
    """Versions: ours, the toolchains' (name to the command that prints it), and the checkout's commit."""
    commit = _said(["git", "rev-parse", "HEAD"], cwd=root)
    return {
        "python": platform.python_version(),
        "packages": {name: version(name) for name in PACKAGES},
        "toolchains": {name: _said(command) for name, command in toolchains.items()},
        "commit": commit,
        "dirty": None if commit is None else _said(["git", "status", "--porcelain"], cwd=root) is not None,
    }


def free_memory() -> int:
    """Bytes that programs can be given now without anything being swapped out."""
    return int(psutil.virtual_memory().available)


def state() -> dict[str, object]:
    """What changes from job to job: load, pressure, steal, temperature, frequency, memory free."""
    times = psutil.cpu_times()
    sensors: Callable[[], Mapping[str, Sequence[object]]] | None = getattr(psutil, "sensors_temperatures", None)
    heat = [getattr(t, "current", None) for group in (sensors() if sensors else {}).values() for t in group]
    frequency = psutil.cpu_freq()
    return {
        "load_1min": os.getloadavg()[0],
        "pressure_cpu": _pressure("cpu"),
        "pressure_memory": _pressure("memory"),
        "pressure_io": _pressure("io"),
        "steal_s": getattr(times, "steal", None),
        "temperature_c": max((h for h in heat if h is not None), default=None),
        "mhz": frequency.current if frequency else None,
        "memory_available_bytes": free_memory(),
    }


def _pressure(kind: str) -> float | None:
    """Share of the last ten seconds in which some task waited, in percent (PSI)."""
    first = (_text(f"/proc/pressure/{kind}") or "").split()
    for word in first[1:2]:
        return float(word.removeprefix("avg10="))
    return None
