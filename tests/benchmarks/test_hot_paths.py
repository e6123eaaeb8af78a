"""What the harness itself costs, on sessions larger than any we mean to run.

`make benchmarks` times them; a plain test run does each once on a hundredth of the size, so that they can't rot.
"""

import math
import random
from dataclasses import replace
from functools import cache
from pathlib import Path

import msgspec
import polars as pl
import pytest
from makers import CASE, WORKLOAD, implementation, job, run, sample, transcript, wire
from pytest_benchmark.fixture import BenchmarkFixture

from harness import store
from harness.model import Run, Sample, Step, Tolerance
from harness.plan import expected_samples, jobs
from harness.protocol import Transcript
from harness.stats import by_block, rank, steady_seconds
from harness.verify import compare

IMPLEMENTATIONS = tuple(f"x/{i:02d}" for i in range(12))
SAMPLES = 500
CHUNK = 1 << 16


@pytest.fixture
def share(benchmark: BenchmarkFixture) -> float:
    return 1.0 if benchmark.enabled else 0.01


def many_samples(block: int) -> tuple[Sample, ...]:
    rng = random.Random(block)
    return tuple(
        sample(f"s{n % 10}", 1 + n // 10, int(1e6 * math.exp(rng.gauss(0, 0.05))), index=n, start_ns=2_000_000_000 + n * 2_000_000)
        for n in range(SAMPLES)
    )


@cache
def session_of(folder: Path, runs: int) -> Path:
    """A session's runs on disk, a block after the other."""
    with (folder / store.RUNS).open("wb") as file:
        for number in range(runs):
            block, position = divmod(number, len(IMPLEMENTATIONS))
            name = IMPLEMENTATIONS[position]
            one = run(job=f"j{number}", implementation=name, block=block + 1, position=position + 1, samples=many_samples(number))
            file.write(msgspec.json.encode(one) + b"\n")
    return folder


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("session")


def test_planning_a_thousand_blocks_of_twelve(benchmark: BenchmarkFixture, share: float) -> None:
    chosen, blocks = [implementation(n) for n in IMPLEMENTATIONS], int(1000 * share)
    found = benchmark(jobs, WORKLOAD, [CASE], chosen, seed=1, blocks=blocks, cpus={1: (1,)})
    assert len(found) == (blocks + 1) * 12


def test_reading_a_million_samples(benchmark: BenchmarkFixture, share: float, folder: Path) -> None:
    session_of(folder, int(2000 * share))
    runs, warnings = benchmark.pedantic(store.read_runs, [folder], rounds=3)
    assert sum(len(r.samples) for r in runs) == int(2000 * share) * SAMPLES and not warnings


def test_ranking_by_a_million_samples(benchmark: BenchmarkFixture, share: float, folder: Path) -> None:
    runs, _ = store.read_runs(session_of(folder, int(2000 * share)))

    def ranked() -> tuple[str, ...]:
        return rank({name: figures for (name, _), figures in by_block(runs, steady_seconds).items()}).order

    assert set(benchmark.pedantic(ranked, rounds=3)) == set(IMPLEMENTATIONS)


def test_appending_a_run_of_five_hundred_samples(benchmark: BenchmarkFixture, tmp_path: Path) -> None:
    one: Run = replace(run(), samples=many_samples(1))
    benchmark(store.append, tmp_path, one)
    assert store.read_runs(tmp_path)[0][0] == one


def test_taking_in_a_transcript_of_fifty_thousand_samples(benchmark: BenchmarkFixture, share: float) -> None:
    passes = int(25_000 * share)
    owed = expected_samples(job(warmup=0, timed=passes))
    hello, ready, load, *_, pauses, stalls, done = transcript()
    timed = [
        {**transcript()[3], "index": i, "step": step, "pass": number, "warmup": False, "start_ns": 1000 * (i + 1)}
        for i, (step, number, _) in enumerate(owed)
        if i
    ]
    data = wire([hello, ready, load, *timed, pauses, stalls, done])

    def taken() -> Transcript:
        said = Transcript(owed)
        for start in range(0, len(data), CHUNK):
            said.feed(data[start : start + CHUNK])
        said.end()
        return said

    assert len(benchmark.pedantic(taken, rounds=3).samples) == 2 * passes + 1


def test_taking_in_one_line_of_eight_mebibytes(benchmark: BenchmarkFixture) -> None:
    line = b'{"event":"error","kind":"internal","message":"' + b"m" * ((8 << 20) - 48) + b'"}\n'

    def taken() -> Transcript:
        said = Transcript([])
        for start in range(0, len(line), CHUNK):
            said.feed(line[start : start + CHUNK])
        return said

    assert benchmark.pedantic(taken, rounds=3).error


def test_comparing_an_answer_of_a_million_rows(benchmark: BenchmarkFixture, share: float) -> None:
    rows = int(1_000_000 * share)
    truth = pl.DataFrame({"k": [f"id{i:010d}" for i in range(rows)], "n": range(rows), "v": [i / 7 for i in range(rows)]})
    got = truth.sample(fraction=1.0, shuffle=True, seed=1)
    assert benchmark.pedantic(compare, [got, truth, Step("s", "", ("k", "n"), ("v",)), Tolerance(1e-9, 1e-9)], rounds=3) is None
