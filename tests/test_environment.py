"""The machine as it is recorded: whatever can't be read is null, and nothing makes a session fail."""

import json
import os
import subprocess
from pathlib import Path

import psutil
import pytest

from harness import environment

NEEDED = {
    "cpu_model", "microcode", "governor", "turbo", "smt", "cpus_usable", "memory_bytes", "swap_bytes", "kernel", "command_line", "cgroup",
    "virtualisation", "clock_source", "aslr", "mitigations", "libc", "transparent_huge_pages",
}  # fmt: skip


def test_the_machine_and_its_state_are_plain_json() -> None:
    for found in (environment.machine(), environment.state()):
        assert json.loads(json.dumps(found)) == found


def test_the_machine_has_every_fact_of_the_design() -> None:
    found = environment.machine()
    assert found.keys() >= NEEDED
    assert isinstance(found["memory_bytes"], int) and found["memory_bytes"] > 0
    assert found["cgroup"] in {"v1", "v2", "none"}


def test_a_machine_that_tells_nothing_gives_nulls(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(environment, "_text", lambda _: None)
    monkeypatch.setattr(environment, "_said", lambda *_, **__: None)
    monkeypatch.setattr(environment, "_mitigations", dict)
    monkeypatch.setattr(psutil, "cpu_freq", lambda: None)
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    monkeypatch.delattr(psutil, "sensors_temperatures", raising=False)
    found, state = environment.machine(), environment.state()
    lost = NEEDED - {"memory_bytes", "swap_bytes", "kernel", "cgroup", "libc", "mitigations"}
    assert {name: found[name] for name in lost} == dict.fromkeys(lost)
    assert (state["temperature_c"], state["mhz"], state["pressure_cpu"]) == (None, None, None)


@pytest.mark.parametrize(
    ("files", "turbo"),
    [
        ({"intel_pstate/no_turbo": "0"}, True),
        ({"intel_pstate/no_turbo": "1"}, False),
        ({"cpufreq/boost": "1"}, True),
        ({"cpufreq/boost": "0"}, False),
        ({}, None),
    ],
)
def test_turbo_is_read_from_whichever_driver_tells(monkeypatch: pytest.MonkeyPatch, files: dict[str, str], turbo: bool | None) -> None:
    monkeypatch.setattr(environment, "_text", lambda path: files.get(path.removeprefix("/sys/devices/system/cpu/")))
    assert environment._turbo() is turbo


@pytest.mark.parametrize(
    ("text", "share"),
    [
        ("some avg10=1.53 avg60=0.10 avg300=0.00 total=12\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=0", 1.53),
        (None, None),
        ("", None),
    ],
)
def test_pressure_is_the_share_of_the_last_ten_seconds(monkeypatch: pytest.MonkeyPatch, text: str | None, share: float | None) -> None:
    monkeypatch.setattr(environment, "_text", lambda _: text)
    assert environment._pressure("cpu") == share


def test_commands_that_are_missing_fail_or_say_nothing_give_none(tmp_path: Path) -> None:
    assert environment._said(["no-such-tool-anywhere", "--version"]) is None
    assert environment._said(["false"]) is None
    assert environment._said(["true"]) is None
    assert environment._said(["printf", "one\\ntwo\\n"]) == "one"


def test_software_names_our_versions_and_the_toolchains(tmp_path: Path) -> None:
    found = environment.software(tmp_path, {"shell": ["printf", "1.2"], "none": ["no-such-tool-anywhere"]})
    assert found["toolchains"] == {"shell": "1.2", "none": None}
    assert isinstance(found["packages"], dict) and {"polars", "numpy", "scipy"} <= found["packages"].keys()


def test_a_folder_outside_git_has_no_commit_and_is_not_called_clean(tmp_path: Path) -> None:
    found = environment.software(tmp_path, {})
    assert (found["commit"], found["dirty"]) == (None, None)


def test_a_changed_checkout_is_called_dirty(tmp_path: Path) -> None:
    def git(*words: str) -> None:
        identity = ["-c", "user.name=t", "-c", "user.email=t@t", "-c", "commit.gpgsign=false"]
        subprocess.run(["git", *identity, *words], cwd=tmp_path, check=True, capture_output=True)

    git("init")
    (tmp_path / "file").write_text("1")
    git("add", ".")
    git("commit", "-m", "first")
    clean = environment.software(tmp_path, {})
    assert clean["dirty"] is False and len(str(clean["commit"])) == 40
    (tmp_path / "file").write_text("2")
    assert environment.software(tmp_path, {})["dirty"] is True


def test_of_the_kernels_command_line_only_its_own_parameters_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    line = (
        "mitigations=auto,nosmt isolcpus=1-3 root=UUID=3f2a9c1e-5d root=/dev/sda1 console=ttyS0 rdinit=/x quiet nfs=10.0.0.1:/x -- --secret"
    )
    monkeypatch.setattr(environment, "_text", lambda path: line if path == "/proc/cmdline" else None)
    assert environment.machine()["command_line"] == "mitigations=auto,nosmt isolcpus=1-3 quiet"
