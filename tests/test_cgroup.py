"""The kernel's accounts of both versions, and of hybrid machines; a file that isn't there gives None and never 0.

The tree of version 1 was recorded from a container; that of version 2 is written by the kernel's cgroup-v2.rst.
"""

import shutil
from pathlib import Path

import pytest

from harness.model import Reading
from harness.runner.cgroup import V1, V2, find

TREES = Path(__file__).parent / "fixtures" / "cgroup"
JOINT = "12:cpu,cpuacct:/docker/job\n4:memory:/docker/job\n1:name=systemd:/docker/job\n"


def tree(name: str, root: Path) -> tuple[Path, str]:
    """A recorded machine in `root`, free to be changed, and what /proc/<pid>/cgroup said there."""
    shutil.copytree(TREES / name, root, dirs_exist_ok=True)
    return root, (TREES / name / "membership").read_text()


def test_version_1_is_read_whole(tmp_path: Path) -> None:
    root, membership = tree("v1", tmp_path)
    found = find(membership, root)
    assert isinstance(found, V1)
    assert found.reading() == Reading(
        source="cgroup v1", anon_bytes=221_184, peak_bytes=3_579_904, user_ns=180_000_000, system_ns=4_000_000, throttled_ns=0, oom_kills=0,
        swap_bytes=0,
    )  # fmt: skip
    assert found.anon_bytes() == 221_184


def test_version_2_is_read_whole_and_in_nanoseconds(tmp_path: Path) -> None:
    root, membership = tree("v2", tmp_path)
    found = find(membership, root)
    assert isinstance(found, V2)
    assert found.reading() == Reading(
        source="cgroup v2", anon_bytes=52_428_800, peak_bytes=104_857_600, user_ns=2_500_000_000, system_ns=500_000_000,
        throttled_ns=20_000, oom_kills=1, swap_bytes=4096,
    )  # fmt: skip


@pytest.mark.parametrize("version", ["v1", "v2"])
def test_each_file_that_is_missing_gives_none_for_what_stands_in_it_alone(tmp_path: Path, version: str) -> None:
    root, membership = tree(version, tmp_path / "whole")
    whole = find(membership, root)
    assert whole
    files = [p.relative_to(root) for p in root.rglob("*") if p.is_file() and p.name != "membership"]
    assert len(files) >= 5
    for file in files:
        folder = tmp_path / str(file).replace("/", "-")
        tree(version, folder)
        found = find(membership, folder)
        assert found
        (folder / file).unlink()
        lost = {n for n in Reading.__dataclass_fields__ if getattr(found.reading(), n) != getattr(whole.reading(), n)}
        assert lost and all(getattr(found.reading(), n) is None for n in lost), file


@pytest.mark.parametrize("version", ["v1", "v2"])
def test_an_account_that_has_vanished_gives_none_throughout(tmp_path: Path, version: str) -> None:
    root, membership = tree(version, tmp_path / "m")
    found = find(membership, root)
    assert found
    shutil.rmtree(root)
    assert found.reading() == Reading(source=f"cgroup {version}")
    assert found.anon_bytes() is None


@pytest.mark.parametrize("text", ["", "max\n", "anon\n", "anon many\n", "anonymous 7\n", "\x00\n"])
def test_what_is_no_number_is_none(tmp_path: Path, text: str) -> None:
    root, membership = tree("v2", tmp_path)
    found = find(membership, root)
    assert isinstance(found, V2)
    for name in ("memory.stat", "memory.peak"):
        (found.folder / name).write_text(text)
    reading = found.reading()
    assert (reading.anon_bytes, reading.peak_bytes) == (None, None)
    assert reading.user_ns == 2_500_000_000


def test_a_kernel_before_5_19_has_no_peak(tmp_path: Path) -> None:
    root, membership = tree("v2", tmp_path)
    next(root.rglob("memory.peak")).unlink()
    found = find(membership, root)
    assert found and found.reading().peak_bytes is None and found.reading().anon_bytes == 52_428_800


def test_on_a_hybrid_machine_the_memory_controller_decides(tmp_path: Path) -> None:
    root, membership = tree("v1", tmp_path)
    (root / "unified" / "docker" / "job").mkdir(parents=True)
    assert isinstance(find(membership, root), V1)
    only_unified = "1:name=systemd:/docker/job\n0::/docker/job\n"
    assert find(only_unified, root) is None, "the unified hierarchy has no memory account here"


@pytest.mark.parametrize("mount", ["cpu,cpuacct", "own"])
def test_controllers_that_share_a_hierarchy_are_found_under_either_name(tmp_path: Path, mount: str) -> None:
    folders = {"cpu": tmp_path / "cpu" / "docker/job", "cpuacct": tmp_path / "cpuacct" / "docker/job"}
    if mount != "own":
        folders = dict.fromkeys(folders, tmp_path / mount / "docker/job")
    for folder in {*folders.values(), tmp_path / "memory/docker/job"}:
        folder.mkdir(parents=True)
    (folders["cpuacct"] / "cpuacct.usage_user").write_text("11\n")
    (folders["cpu"] / "cpu.stat").write_text("nr_periods 0\nthrottled_time 22\n")
    found = find(JOINT, tmp_path)
    assert found and (found.reading().user_ns, found.reading().throttled_ns) == (11, 22)


@pytest.mark.parametrize("membership", ["", "0::/\n", "4:memory:/elsewhere\n", "0::/elsewhere\n"])
def test_what_is_not_visible_from_here_is_none(tmp_path: Path, membership: str) -> None:
    root, _ = tree("v1", tmp_path)
    assert find(membership, root) is None


def test_a_version_1_machine_without_an_account_of_cpu_time_still_tells_memory(tmp_path: Path) -> None:
    root, _ = tree("v1", tmp_path)
    found = find("4:memory:/docker/job\n", root)
    assert found and found.reading().user_ns is None and found.reading().anon_bytes == 221_184


def test_a_path_may_hold_a_colon(tmp_path: Path) -> None:
    folder = tmp_path / "system.slice/docker-a:b.scope"
    folder.mkdir(parents=True)
    (folder / "memory.stat").write_text("anon 5\n")
    found = find("0::/system.slice/docker-a:b.scope\n", tmp_path)
    assert found and found.anon_bytes() == 5
