"""Planted faults in containers, and the walls of a container tried from inside and looked at from outside."""

from __future__ import annotations

import json
import math
import signal
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from bench_command import Bench
from docker.models.containers import Container
from planted import ask, one, recorded, select, session_of, wait_for

import docker
from harness import store
from harness.model import Run, Session
from harness.plan import MIB
from harness.runner.engine import HARNESS_LABEL, SESSION_LABEL

pytestmark = pytest.mark.docker
COUNT = (*ask("docker"), "--yes")
FOUND = {
    "oom": ("oom", "killed at the memory limit of 256 MiB; the last event was 'answer'"),
    "crash": ("crash", "killed by SIGSEGV after 'answer'"),
    "exit3": ("crash", "exit code 3 after 'answer'"),
    "flood_line": ("protocol", "line 6 is longer than 8 MiB"),
    "hang_after_done": ("hang", "said 'done', but did not end within 5 s of the end of its input"),
    "unbuilt": ("unbuilt", "docker build ended with exit code 1"),
}
FINE = ("honest", "plus50mb", "flood_err", "leaver", "nosy")


def containers(daemon: docker.DockerClient, folder: Path) -> list[Container]:
    """The containers of a session, whatever their state."""
    return daemon.containers.list(all=True, filters={"label": f"{SESSION_LABEL}={folder.name}"}, ignore_removed=True)


@pytest.fixture(scope="module")
def images(daemon: docker.DockerClient, bench: Bench) -> Iterator[Bench]:
    """The command, whose images are removed at the end."""
    yield bench
    for tag in {tag for image in daemon.images.list() for tag in image.tags if tag.startswith("bench/fake-")}:
        daemon.images.remove(tag, force=True)


@pytest.fixture(scope="module")
def walls(images: Bench, tmp_path_factory: pytest.TempPathFactory) -> tuple[Session, list[Run], Path]:
    """One session with all that ends quickly: a block of verification, a timed one."""
    folder = tmp_path_factory.mktemp("docker") / "faults-in-containers"
    done = images("run", *COUNT, *select(*FOUND, *FINE), "--blocks", "1", "--out", folder)
    return *session_of(done, folder), folder


@pytest.fixture(scope="module")
def runs(walls: tuple[Session, list[Run], Path]) -> list[Run]:
    return walls[1]


@pytest.mark.parametrize("variant", FOUND)
def test_a_fault_is_found_and_named(runs: list[Run], variant: str) -> None:
    outcome, reason = FOUND[variant]
    verified, timed = one(runs, variant), one(runs, variant, "timed")
    assert verified.outcome == outcome
    assert verified.reason and reason in verified.reason
    assert timed.outcome == ("unbuilt" if outcome == "unbuilt" else "skipped")


@pytest.mark.parametrize("variant", FINE)
@pytest.mark.parametrize("kind", ["verify", "timed"])
def test_what_is_lawful_is_ok_with_its_whole_account(runs: list[Run], variant: str, kind: str) -> None:
    run = one(runs, variant, kind)
    assert (run.outcome, run.reason, run.suspect, run.exit_code) == ("ok", None, (), 0)
    account = run.outside
    assert account and account.source in ("cgroup v1", "cgroup v2")
    assert account.anon_bytes and account.peak_bytes
    # Either may be 0: the kernel splits the sum by where its ticks fell.
    assert account.user_ns is not None and account.system_ns is not None and account.user_ns + account.system_ns > 0
    assert (account.throttled_ns, account.swap_bytes or 0, account.oom_kills) == (0, 0, 0)
    assert run.anon_peak_bytes and run.memory.anon_bytes
    assert run.hello and run.pauses and run.stalls and run.control and run.usage


def test_fifty_megabytes_are_seen_by_the_cgroup(runs: list[Run]) -> None:
    for kind in ("verify", "timed"):
        more, less = (one(runs, v, kind) for v in ("plus50mb", "honest"))
        assert more.anon_peak_bytes and less.anon_peak_bytes
        assert 48e6 < more.anon_peak_bytes - less.anon_peak_bytes < 52e6


def test_only_the_end_of_a_flood_on_standard_error_is_kept(runs: list[Run]) -> None:
    kept = one(runs, "flood_err").stderr
    assert len(kept) == 64 << 10
    assert kept.endswith("xxx\nthe last line")


def test_in_turns_each_has_its_own_account_and_ctrl_c_leaves_none_of_them(
    daemon: docker.DockerClient, images: Bench, tmp_path: Path
) -> None:
    folder = tmp_path / "turns-in-containers"
    chosen = select("honest", "plus50mb", "greedy")
    running = images.start("run", *COUNT, *chosen, "--turns", "--blocks", "1", "--passes", "3", "--param", "linger_ms=300", "--out", folder)
    wait_for(lambda: len(containers(daemon, folder)) == 3)
    running.signal_group(signal.SIGINT)
    assert running.wait().code == 130
    wait_for(lambda: containers(daemon, folder) == [])
    _, runs = session_of(images("run", "--resume", folder, "--no-plot", "--json"), folder)
    honest, more, greedy = (one(runs, v, "timed") for v in ("honest", "plus50mb", "greedy"))
    assert {r.outcome for r in (honest, more, greedy)} == {"ok"} and honest.suspect == more.suspect == ()
    assert any("while it was others' turn" in why for why in greedy.suspect)
    assert more.anon_peak_bytes and honest.anon_peak_bytes and 48e6 < more.anon_peak_bytes - honest.anon_peak_bytes < 52e6


def test_no_container_outlives_its_job(daemon: docker.DockerClient, walls: tuple[Session, list[Run], Path]) -> None:
    assert containers(daemon, walls[2]) == []


def test_the_image_that_ran_is_recorded_with_its_bases(daemon: docker.DockerClient, walls: tuple[Session, list[Run], Path]) -> None:
    session = walls[0]
    built = {b.implementation: b for b in session.builds}
    assert built["fake/unbuilt"].outcome == "failed"
    assert built["fake/unbuilt"].digest is None
    honest = built["fake/honest"]
    assert honest.digest == daemon.images.get("bench/fake-honest").id
    assert honest.image_bytes and honest.artifact_bytes
    assert honest.artifact_bytes == Path(__file__).with_name("fakes").joinpath("impls/fake/speaker.py").stat().st_size
    assert honest.hello and honest.hello.variant == "app"
    assert set(honest.bases) == {"DEBIAN", "PYTHON", "GOLANG", "RUST"}
    assert all("@sha256:" in base for base in honest.bases.values())


def test_the_walls_hold_from_inside(daemon: docker.DockerClient, runs: list[Run]) -> None:
    of_the_image = {pair.partition("=")[0] for pair in daemon.images.get("bench/fake-nosy").attrs["Config"]["Env"]}
    for kind in ("verify", "timed"):
        run = one(runs, "nosy", kind)
        found = json.loads(run.stderr)
        assert found["writable"] == ["/dev/shm", "/tmp"] + ["/out"] * (kind == "verify")
        assert found["interfaces"] == ["lo"]
        assert found["routes"] == []
        status = found["status"]
        assert set(status["Uid"] + status["Gid"] + status["Groups"]) == {"65534"}
        assert {int(mask, 16) for name in status if name.startswith("Cap") for mask in status[name]} == {0}
        assert status["NoNewPrivs"] == ["1"]
        assert status["Seccomp"] == ["2"]
        limits = found["limits"]
        assert int(limits["memory"]) == run.limits.memory_bytes
        assert limits["memory_and_swap"] in (None, limits["memory"])
        assert limits["swap"] in (None, "0")
        assert int(limits["pids"]) == run.limits.pids
        assert found["cpus"] == list(run.limits.cpus)
        assert found["core"] == [0, 0]
        assert found["processes"] <= 3
        assert not found["socket"]
        assert set(found["environment"]) <= {"BENCH_PADDING", "HOME", "HOSTNAME", "LC_CTYPE", "PATH", *of_the_image}


def test_a_share_of_what_verification_took_is_the_limit_of_what_is_timed(images: Bench, tmp_path: Path) -> None:
    folder = tmp_path / "tight"
    done = images("run", *COUNT, *select("honest", "plus50mb"), "--case", "tight", "--blocks", "1", "--out", folder)
    runs = session_of(done, folder)[1]
    for variant in ("honest", "plus50mb"):
        verified, timed = one(runs, variant), one(runs, variant, "timed")
        assert verified.outside and verified.outside.peak_bytes and verified.limits.memory_bytes == 256 << 20
        assert timed.limits.memory_bytes == math.ceil(1.5 * verified.outside.peak_bytes / MIB) * MIB
        assert timed.outcome == "ok"


def test_time_limit_tells_work_from_idleness(images: Bench, tmp_path: Path) -> None:
    folder = tmp_path / "time-limit"
    done = images("run", *COUNT, *select("timeout", "hang"), "--blocks", "1", "--time-limit", "5", "--out", folder)
    runs = session_of(done, folder)[1]
    busy, idle = one(runs, "timeout"), one(runs, "hang")
    assert (busy.outcome, busy.reason) == ("timeout", "not done after 5 s; the last event was 'answer'")
    assert idle.outcome == "hang"
    assert idle.reason and idle.reason.endswith("after 'answer', at the time limit of 5 s")


def test_a_container_is_labelled_and_goes_with_the_next_command_after_its_harness_was_killed(
    daemon: docker.DockerClient, images: Bench, tmp_path: Path
) -> None:
    folder = tmp_path / "killed-with-a-container"
    running = images.start("run", *COUNT, *select("honest"), "--blocks", "1", "--param", "linger_ms=60000", "--out", folder)
    (container,) = wait_for(lambda: [c for c in containers(daemon, folder) if c.status == "running"])
    name = container.labels[HARNESS_LABEL]
    assert f"-{running.pid}-" in name
    running.signal_kill()
    running.wait()
    assert containers(daemon, folder)
    assert container.id
    swept = images("list")
    assert f"removed: container {container.id[:12]} of a harness that is gone" in swept.err
    assert containers(daemon, folder) == []
    assert "removed" not in images("list").err


def test_a_container_of_a_living_harness_is_left_alone(daemon: docker.DockerClient, images: Bench, tmp_path: Path) -> None:
    folder = tmp_path / "living"
    running = images.start("run", *COUNT, *select("honest"), "--blocks", "1", "--param", "linger_ms=60000", "--out", folder)
    (container,) = wait_for(lambda: [c for c in containers(daemon, folder) if c.status == "running"])
    dead = images.root / ".bench" / "live" / container.labels[HARNESS_LABEL].replace(f"-{running.pid}-", f"-{2**22 + 1}-")
    dead.touch()
    assert images("list").code == 0
    assert not dead.exists()
    assert [c.id for c in containers(daemon, folder)] == [container.id]
    psutil.Process(running.pid).terminate()
    done = running.wait()
    assert done.code == 130
    assert f"Go on with: bench run --resume {folder}" in done.err
    assert containers(daemon, folder) == []


def test_a_session_with_containers_goes_on_after_a_kill(daemon: docker.DockerClient, images: Bench, tmp_path: Path) -> None:
    folder = tmp_path / "resumed"
    running = images.start("run", *COUNT, *select("honest"), "--blocks", "3", "--out", folder)
    wait_for(lambda: recorded(folder))
    running.signal_kill()
    running.wait()
    kept = store.read_runs(folder)[0]
    _, runs = session_of(images("run", "--resume", folder, "--no-plot", "--json"), folder)
    assert runs[: len(kept)] == kept
    assert {r.outcome for r in runs} == {"ok"}
    assert containers(daemon, folder) == []
