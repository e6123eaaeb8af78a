"""Each metric's figure, worked by hand from one run or one session."""

import math
import subprocess
import sys
from dataclasses import replace

import pytest
from makers import DATA, run, sample, session

from harness.model import Build, Check, Sample, Times
from harness.stats import METRICS, Input, Metric, by_block, estimate, fact, figure, inputs, paired, sampled

S = 10**9
SAMPLES = (
    sample("load", 1, 9 * S),
    sample("s1", 1, 5 * S, warmup=True),
    sample("s1", 2, 1 * S, user_ns=2 * S, system_ns=S // 2),
    sample("s1", 3, 3 * S, user_ns=5 * S, system_ns=S // 2),
    sample("s2", 1, 7 * S, warmup=True),
    sample("s2", 2, 2 * S, user_ns=S, system_ns=S),
)
TAILS = {
    "p90_seconds", "response_p99_seconds", "response_p999_seconds", "response_tail_ratio", "recovery_seconds", "recovery_over_ideal",
}  # fmt: skip
RUN = run(samples=SAMPLES, times=Times(1, 250_000_000), anon_peak_bytes=3000)


@pytest.mark.parametrize(
    ("metric", "steps", "value"),
    [
        ("seconds", None, 4.0),
        ("seconds", ("s1",), 2.0),
        ("seconds", ("load",), 9.0),
        ("first_seconds", None, 12.0),
        ("first_seconds", ("s2",), 7.0),
        ("load_seconds", None, 9.0),
        ("load_seconds", ("s1",), 9.0),
        ("cpu_seconds", None, 6.0),
        ("cpu_seconds", ("s1",), 4.0),
        ("cores_used", None, 1.5),
        ("cores_used", ("s1",), 2.0),
        ("ready_seconds", None, 0.25),
        ("peak_memory", None, 3000),
        ("memory_over_input", None, 1.5),
    ],
)
def test_a_figure_of_a_run(metric: str, steps: tuple[str, ...] | None, value: float) -> None:
    known = {"small": Input(2000)}
    assert figure(RUN, metric, steps, known) == pytest.approx(value)
    assert figure(replace(RUN, outcome="wrong"), metric, steps, known) is None


@pytest.mark.parametrize("metric", [m.name for m in METRICS.values() if m.kind == "run"])
def test_what_was_not_measured_is_none(metric: str) -> None:
    assert figure(run(samples=(), times=Times(), anon_peak_bytes=None), metric) is None


def test_queries_and_the_first_answer() -> None:
    first = replace(sample("load", 1, 3 * S), start_ns=7 * S, phases={"inputs": S, "first": S})
    warm, steady = (replace(sample("s1", n, S, warmup=n == 1), queries=tuple(range(n, 64 * n + 1, n))) for n in (1, 2))
    told = run(samples=(first, warm, steady), start_ns=5 * S)
    assert figure(told, "cold_start_seconds") == pytest.approx(5.0)
    # Of 64 queries one may be over-long, so the longest is the bound; those of the warm-up are not among them.
    assert figure(told, "p90_seconds") == figure(told, "p90_seconds", ("s1",)) == pytest.approx(128e-9)
    assert figure(told, "p90_seconds", ("s2",)) is None
    assert figure(replace(told, samples=(replace(first, phases={}), steady)), "cold_start_seconds") is None


def test_half_a_measurement_is_none() -> None:
    untold = run(samples=(*SAMPLES[:-1], replace(SAMPLES[-1], system_ns=None)))
    assert figure(untold, "cpu_seconds") is None and figure(untold, "cores_used") is None
    assert figure(untold, "cpu_seconds", ("s1",)) == pytest.approx(4.0)
    assert figure(run(samples=(SAMPLES[2], replace(SAMPLES[3], user_ns=None))), "cpu_seconds") is None
    assert figure(RUN, "memory_over_input", inputs={"small": Input(0)}) is None
    assert figure(RUN, "memory_over_input") is None and figure(RUN, "memory_over_input", inputs={"big": Input(5)}) is None
    assert figure(RUN, "seconds", ("s1", "s9")) is None and figure(RUN, "seconds", ()) is None


def test_a_metric_is_asked_where_it_comes_from() -> None:
    for wrong in (
        lambda: figure(RUN, "image_bytes"),
        lambda: figure(RUN, "elegance"),
        lambda: fact(session(), "x/std", "seconds"),
        lambda: sampled(session(), "x/std", "image_bytes"),
    ):
        with pytest.raises(ValueError, match=r"no metric of a run|no counted metric|not sampled"):
            wrong()


def test_every_metric_of_the_table_can_be_asked_for() -> None:
    of: dict[str, object] = {"run": lambda m: figure(RUN, m), "build": lambda m: sampled(session(), "x/std", m)}
    for name, metric in METRICS.items():
        assert isinstance(metric, Metric) and metric.name == name
        exact, tail = (
            metric.kind == "fact" or name == "rejects_found",
            name in TAILS,
        )
        assert metric.policy == (0 if exact else 0.1 if tail else 0.03)
        of.get(metric.kind, lambda m: fact(session(), "x/std", m))(name)  # type: ignore[operator]


def test_facts_and_builds_of_a_session() -> None:
    build = Build("x/std", "docker", "built", 9.0, "sha256:0", 500, 0, "", clean_seconds=(3.0, 4.0))
    told = {"code": {"lines": 120, "tokens": 900, "files": 2}, "dependencies": {"direct": ["a", "b"]}}
    made = session(builds=(build,), facts={"x/std": told, "x/bare": {"dependencies": {"direct": []}}})
    names = ("image_bytes", "artifact_bytes", "code_lines", "code_tokens", "dependencies")
    assert [fact(made, "x/std", m) for m in names] == [500, 0, 120, 900, 2]
    assert [fact(made, "x/bare", m) for m in names] == [None, None, None, None, 0]
    assert [fact(made, "x/none", m) for m in names] == [None] * 5
    assert sampled(made, "x/std", "build_clean_seconds") == (3.0, 4.0)
    assert sampled(made, "x/none", "build_clean_seconds") == ()


def test_what_a_session_knows_of_its_inputs() -> None:
    known = replace(DATA, input_bytes=2000, facts={"rejected": 40})
    old = replace(DATA, case="old", input_bytes=None)
    assert inputs(session(datasets=(known, old))) == {"small": Input(2000, 40), "old": Input()}


def test_rejects_found_is_of_the_steady_pass_that_reported_fewest() -> None:
    passes = (Sample(0, "s1", 1, True, 0, 1, 1, 0, 9, Check(3, {"rejected": 7.0})),
              Sample(1, "s1", 2, False, 1, 1, 1, 0, 9, Check(3, {"rejected": 38.0})),
              Sample(2, "s1", 3, False, 2, 1, 1, 0, 9, Check(3, {"rejected": 40.0})))  # fmt: skip
    found = run(samples=passes)
    assert figure(found, "rejects_found", inputs={"small": Input(1, 40)}) == pytest.approx(0.95)
    assert figure(found, "rejects_found", inputs={"small": Input(1, 0)}) is None
    assert figure(found, "rejects_found") is None and figure(RUN, "rejects_found", inputs={"small": Input(1, 40)}) is None


def test_pairs_are_of_one_case_and_by_label() -> None:
    def timed(block: int, seconds: int, **changes: object) -> object:
        return run(block=block, samples=(sample("s1", 2, seconds * S),), **changes)

    runs = [
        timed(1, 1), timed(1, 2, threads=2), timed(1, 4, arm="again"), timed(1, 9, case="big"),
        timed(2, 2), timed(2, 6, threads=2), timed(2, 2, arm="again", outcome="crash"), timed(3, 5, threads=2),
    ]  # fmt: skip
    assert paired(runs, "seconds", ("x/std@2", "small"), ("x/std", "small")) == {
        1: pytest.approx(math.log(2)),
        2: pytest.approx(math.log(3)),
    }
    assert paired(runs, "seconds", ("x/std (again)", "small"), ("x/std", "small")) == {1: pytest.approx(math.log(4))}
    assert paired(runs, "seconds", ("x/std@2", "big"), ("x/std", "big")) == {}
    assert estimate([*paired(runs, "seconds", ("x/std@2", "small"), ("x/std", "small")).values()]).ratio == pytest.approx(math.sqrt(6))
    assert set(by_block(runs, lambda _: 1.0)) == {("x/std", "small"), ("x/std@2", "small"), ("x/std (again)", "small"), ("x/std", "big")}


def test_the_slow_libraries_are_loaded_by_those_who_ask() -> None:
    """scipy.stats alone takes a second, which every `bench list` would pay."""
    code = "import sys, harness.stats; print({'scipy.stats', 'ruptures'} & set(sys.modules))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip() == "set()"
