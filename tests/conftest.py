"""Fixtures for tests of the whole command: a checkout that holds the planted faults, and `bench` run in it."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

import pytest
from bench_command import Bench
from docker.errors import DockerException
from xdist.scheduler import LoadScopeScheduling

import docker

ROOT = Path(__file__).parents[1]
IMPLEMENTATIONS = sorted((str(f.parent.relative_to(ROOT / "impls")) for f in ROOT.glob("impls/*/*/impl.toml")), key=len, reverse=True)
IMAGES_OF_FAKES = {"test_builds", "test_docker_engine", "test_written"}
"""Modules that share the daemon's images of the fakes, which one of them removes in the end."""
FAKES = Path(__file__).with_name("fakes")


class ByOwner(LoadScopeScheduling):
    """Deals out to workers the tests of an implementation together, for they share a build and a running server; others by module."""

    def _split_scope(self, nodeid: str) -> str:
        module, _, given = nodeid.partition("::")
        if Path(module).stem in IMAGES_OF_FAKES:
            return "images of the fakes"
        if Path(module).stem == "test_conformance":  # by workload: each has images of its own to wait for
            return f"{module} {given.partition('[')[2].partition('-')[0]}"
        return next((name for name in IMPLEMENTATIONS if name in given.partition("[")[2]), module)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> LoadScopeScheduling | None:
    """For --dist loadscope. Marks of groups (--dist loadgroup) came to nothing: xdist 3.8 writes them where pytest 9.2 no longer reads."""
    return ByOwner(config, log) if config.getoption("dist") == "loadscope" else None


def copy_of_fakes(folder: Path) -> Path:
    """A checkout of the fakes in `folder`, with nothing built."""
    ignored = shutil.ignore_patterns(".bench", "results", "__pycache__")
    return Path(shutil.copytree(FAKES, folder / "fakes", ignore=ignored))


@pytest.fixture(scope="session")
def data_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("data")


@pytest.fixture(scope="session")
def bench(tmp_path_factory: pytest.TempPathFactory, data_folder: Path) -> Bench:
    """The command in a checkout that the whole test run shares, so that each fake is built once."""
    folder = tmp_path_factory.mktemp("checkout")
    return Bench(copy_of_fakes(folder), folder, data_folder)


@pytest.fixture
def own_bench(tmp_path: Path, data_folder: Path) -> Bench:
    """The command in a checkout of this test's own, free to be changed."""
    return Bench(copy_of_fakes(tmp_path), tmp_path, data_folder)


@pytest.fixture(scope="session")
def daemon() -> docker.DockerClient:
    """The Docker daemon. Where it doesn't answer a person's run skips, and CI's fails: there it is owed."""
    try:
        client = docker.from_env(timeout=120)
        client.ping()
    except DockerException as error:
        answer = pytest.fail if os.environ.get("CI") else pytest.skip
        answer(f"no Docker daemon answers ({error}); start one with docker/start-daemon.sh")
    return client
