"""Where the disk fills while an implementation of csv-etl writes, its job ends in an error that says so, and no output looks whole.

Locally a limit on the size of files stands for it; in the containers the disk is a tmpfs that is truly too small.
"""

from __future__ import annotations

import io
import resource
import signal
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import quickly
from jobs_by_hand import (
    CATALOG,
    QUICK,
    ROOT,
    TAKERS,
    End,
    Way,
    assert_refused,
    each_way,
    ended,
    header_and_rows,
    inputs,
    one_step,
    program,
    request,
    started,
)
from rich.console import Console

import docker
from harness import building
from harness.model import Build
from harness.progress import Progress
from harness.runner import live
from harness.runner.docker import DockerEngine
from harness.runner.engine import HARNESS_LABEL, Launch

pytestmark = [pytest.mark.impls, pytest.mark.timeout(900)]
ROWS = 40_000
"""So many rows that the smallest of the outputs, the groups, are more than a page."""
PAGE = 4096
TMPFS = {"agg": PAGE, "csv": 64 << 10, "parquet": 64 << 10}


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Inputs with nothing amiss, for any user to read."""
    folder = tmp_path_factory.mktemp("sound")
    folder.chmod(0o755)
    return inputs(folder, b"".join(header_and_rows(ROWS)))


def limit_files() -> None:
    """In the child: what would be written beyond a page is an error, not a signal."""
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (PAGE, PAGE))


@each_way(QUICK)
def test_a_file_that_may_not_grow_is_an_error_and_no_output(way: Way, sound: dict[str, str], tmp_path: Path) -> None:
    name, step, threads = way
    outputs = tmp_path / "outputs"
    outputs.mkdir()
    with started(program(name), request(one_step(step, threads), sound, str(outputs)), tmp_path, limit_files) as process:
        end = ended(process, outputs)
    assert_refused(end, "internal", "file too large")


# --- in containers


@pytest.fixture(scope="module")
def engine(daemon: docker.DockerClient) -> DockerEngine:
    return DockerEngine(ROOT)


class SmallDisk:
    """A tmpfs of so many bytes as a volume, and a container that keeps it mounted, so that it can be looked into after a job."""

    def __init__(self, engine: DockerEngine, image: str, size: int) -> None:
        self._api = engine.api
        options = {"type": "tmpfs", "device": "tmpfs", "o": f"size={size},mode=1777"}
        self.name = self._api.create_volume(driver="local", driver_opts=options)["Name"]
        host = self._api.create_host_config(binds={self.name: {"bind": "/disk", "mode": "rw"}}, network_mode="none")
        # The implementation itself: it waits for a request that never comes.
        labels = {HARNESS_LABEL: live.identity()}
        self._holder = self._api.create_container(image, stdin_open=True, host_config=host, labels=labels)["Id"]
        self._api.start(self._holder)

    def left(self) -> tuple[str, ...]:
        archive = b"".join(self._api.get_archive(self._holder, "/disk")[0])
        with tarfile.open(fileobj=io.BytesIO(archive)) as files:
            return tuple(sorted(name for name in files.getnames() if name != "disk"))

    def close(self) -> None:
        self._api.remove_container(self._holder, force=True)
        self._api.remove_volume(self.name)


@pytest.fixture
def disk(way: Way, engine: DockerEngine) -> Iterator[tuple[SmallDisk, Build]]:
    impl = CATALOG.implementations[way[0]]
    (build,) = building.build_all(CATALOG, engine, [impl], Progress(Console(quiet=True)), yes=True)
    assert build.digest, building.log_tail(Path(build.log))
    small = SmallDisk(engine, build.digest, TMPFS[way[1]])
    yield small, build
    small.close()


@pytest.mark.docker
@pytest.mark.timeout(3600)
@each_way([impl for impl in TAKERS if impl.name not in quickly.NIGHTLY])
def test_a_disk_that_fills_is_an_error_and_no_output(
    way: Way, disk: tuple[SmallDisk, Build], engine: DockerEngine, sound: dict[str, str]
) -> None:
    (name, step, threads), (small, build) = way, disk
    impl = CATALOG.implementations[name]
    job = one_step(step, threads, implementation=name)
    # A folder without a slash is a volume to the daemon.
    launch = Launch(
        job, impl, CATALOG.languages[impl.language], build, "full-disk", live.identity(), "",
        Path(sound["flights"]).parent, None, Path(small.name), frozenset([step]),
    )  # fmt: skip
    seen = engine.paths(launch)
    paths = {table: f"{seen.data}/{Path(path).name}" for table, path in sound.items()}
    assert seen.outputs
    handle = engine.start(launch)
    said = {"out": b"", "err": b""}
    try:
        handle.write(request(job, paths, seen.outputs))
        handle.close_stdin()
        while not handle.ended:
            for stream, chunk in handle.pump(1):
                said[stream] += chunk
        result = handle.result(60)
    finally:
        handle.close()
    assert_refused(End(result.code if result else None, said["out"], said["err"], small.left()), "internal", "no space left")
