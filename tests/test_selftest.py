"""The self-test: what it makes of sessions whose truth is written into them, and one small run of it from end to end."""

from __future__ import annotations

import importlib.util
import json
import math
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from makers import CASE, run, sample, session

from harness import stats, store
from harness.model import Run, Session

SCRIPT = Path(__file__).parents[1] / "scripts" / "selftest.py"
SEED = 20_261_123


@pytest.fixture(scope="module")
def selftest() -> ModuleType:
    found = importlib.util.spec_from_file_location("selftest", SCRIPT)
    assert found and found.loader
    module = importlib.util.module_from_spec(found)
    sys.modules["selftest"] = module
    found.loader.exec_module(module)
    return module


def arms(logs: list[float], other: dict[str, str]) -> list[Run]:
    """A pair of runs a block, the other of which takes exp(log) times as long."""
    return [
        run(**{"block": block, "samples": (sample("s1", 2, round(1e9 * math.exp(log))),), "implementation": "fake/honest", **more})
        for block, each in enumerate(logs, 1)
        for log, more in ((0.0, {}), (each, other))
    ]


def null(logs: list[float]) -> tuple[Session, list[Run]]:
    return session(again="fake/honest", blocks=len(logs)), arms(logs, {"arm": "again"})


def planted(logs: list[float]) -> tuple[Session, list[Run]]:
    return session(blocks=len(logs), cases=(CASE,)), arms(logs, {"implementation": "fake/slow5"})


def noise(n: int, mean: float = 0.0, sd: float = 0.02) -> list[float]:
    return [float(x) for x in np.random.default_rng(SEED).normal(mean, sd, n)]


def test_equal_programs_are_called_different_at_the_nominal_rate(selftest: ModuleType) -> None:
    found = selftest.false_positives(*null(noise(990)), 10)
    assert found.holds and found.figures["comparisons"] == 99
    low, high = stats.binomial_interval(found.figures["called"], 99)
    assert (found.figures["low"], found.figures["high"]) == (low, high)
    assert f"{found.figures['called']} of 99" in found.answer


def test_a_rate_that_is_certainly_too_high_misses_the_bound(selftest: ModuleType) -> None:
    """A machine that favours one label for ten blocks on end, as drift without interleaving would."""
    moods = [shift + log for shift, own in zip(noise(60, sd=0.05), [noise(10)] * 60, strict=True) for log in own]
    found = selftest.false_positives(*null(moods), 10)
    assert not found.holds and found.figures["low"] > 0.05


def test_nothing_to_compare_is_no_success(selftest: ModuleType) -> None:
    for finding in (selftest.false_positives, selftest.no_claim):
        assert not finding(*null(noise(9)), 10).holds
        assert not finding(session(blocks=20), [], 10).holds


def test_a_difference_of_nothing_is_not_claimed_and_one_of_ten_per_cent_is(selftest: ModuleType) -> None:
    found = selftest.no_claim(*null(noise(590)), 10)
    assert found.holds and (found.figures["comparisons"], found.figures["supported"]) == (59, 0)
    assert found.figures["high"] == pytest.approx(1 - 0.025 ** (1 / 59))
    # Only some groups differ, so that the floor, which is taken from all of them, is not lifted above them.
    for sign in (1, -1):
        some = [sign * 0.10 + log for log in noise(10)] + noise(580)
        found = selftest.no_claim(*null(some), 10)
        assert not found.holds and found.figures["supported"] == 1


def test_the_groups_are_those_that_the_calibration_counts(selftest: ModuleType) -> None:
    made, runs = null(noise(47))
    short = [r for r in runs if r.block != 25]
    for given in (runs, short):
        calls = [low > 0 or high < 0 for e in selftest.groups(made, given, 10) for low, high in [e.interval()]]
        counted = stats.calibration_by_groups(made, given, 10)
        assert (len(calls), sum(calls)) == (counted.comparisons, counted.called)


def test_the_advice_comes_from_the_spread_of_the_pilot(selftest: ModuleType) -> None:
    logs = noise(10, math.log(1.05))
    sd, advice = selftest.advised(*planted(logs))
    assert sd == pytest.approx(float(np.std(logs, ddof=1)))
    assert advice == stats.blocks_for_precision(sd, 0.01, 0.99)
    assert selftest.advised(*planted(logs[:1])) == (None, None)


@pytest.mark.parametrize(
    ("mean", "blocks", "holds"), [(1.05, 40, True), (1.0595, 40, True), (1.0605, 40, False), (1.0395, 40, False), (1.05, 39, False)]
)
def test_the_plant_must_be_found_within_a_point_at_the_blocks_advised(selftest: ModuleType, mean: float, blocks: int, holds: bool) -> None:
    logs = [math.log(mean) + (0.01 if block % 2 else -0.01) for block in range(blocks - blocks % 2)] + [math.log(mean)] * (blocks % 2)
    found = selftest.recovered(*planted(logs), 0.02, 40)
    assert found.holds is holds
    assert found.figures["ratio"] == pytest.approx(mean, abs=1e-6) and found.figures["n"] == blocks


def test_a_machine_too_noisy_for_the_plant_misses(selftest: ModuleType) -> None:
    assert "asks for 5000 blocks" in selftest.no_advice(0.3, 5000).answer
    assert "the pilot came to nothing" in selftest.no_advice(None, None).answer
    assert not selftest.no_advice(0.3, 5000).holds


def test_the_table_says_of_each_what_was_found_and_wanted(selftest: ModuleType) -> None:
    text = selftest.table([selftest.false_positives(*null(noise(590)), 10), selftest.no_advice(None, None)])
    assert [line.strip() for line in text.splitlines()][3::4] == ["ok", "MISSED"]


# --- from end to end


def small(*more: str | Path, env: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    command, world = [sys.executable, str(SCRIPT), *map(str, more)], {**os.environ, **(env or {})}
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=200, env=world)


@pytest.mark.sessions
@pytest.mark.alone
def test_a_small_run_keeps_its_sessions_and_ends_as_its_bounds_do(tmp_path: Path) -> None:
    out = tmp_path / "out"
    tiny = ("--comparisons", "3", "--blocks", "2", "--pilot", "3", "--loops", "20000", "--most", "4", "--seed", "7", "--out", out)
    done = small(*tiny, "--json")
    assert done.returncode in (0, 1), done.stderr
    found = json.loads(done.stdout)
    assert json.loads((out / "selftest.json").read_text()) == found
    assert done.returncode == (0 if all(f["holds"] for f in found["findings"]) else 1)
    assert (found["seed"], found["engine"], len(found["findings"])) == (7, "local", 3)
    null, runs = store.read_session(out / "aa"), store.read_runs(out / "aa")[0]
    assert (null.again, null.blocks, null.seed) == ("fake/honest", 6, 7)
    assert found["findings"][0]["figures"]["called"] == stats.calibration_by_groups(null, runs, 2).called
    # Fewer blocks than were advised are a miss, whatever came out.
    last = found["findings"][2]
    if last["figures"]["advised"] and last["figures"]["advised"] > 4:
        assert not last["holds"]
    assert "aa: 13 jobs in" in done.stderr and f"sessions in {out}" in done.stderr
    again = small(*tiny)
    assert again.returncode == 2 and "is not empty; choose another folder with --out" in again.stderr


def test_more_blocks_than_a_session_takes_are_a_mistake() -> None:
    done = small("--comparisons", "100", "--blocks", "10")
    assert done.returncode == 2 and "100 comparisons of 10 blocks are 1000 blocks; a session takes 999" in done.stderr


@pytest.mark.sessions
@pytest.mark.alone
def test_a_session_that_does_not_come_about_is_no_finding(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    done = small("--engine", "docker", "--out", tmp_path / "out", env={"DOCKER_HOST": f"unix://{tmp_path}/nobody.sock"})
    assert done.returncode == 2
    assert (
        "aa: bench run ended with exit code 2; see" in done.stderr
        and "no Docker daemon answers" in (tmp_path / "out" / "aa.log").read_text()
    )
