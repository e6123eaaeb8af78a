"""What the load generator is asked for: phases from a step's traffic, a case's parameters and a job's passes."""

import pytest
from makers import job

from harness.model import Traffic, Turn, UserError
from harness.runner.load.phases import Phase, phases
from harness.runner.load.visit import downstream

OPEN, CLOSED = (Traffic("/p", arrivals, "bodies") for arrivals in ("poisson", "closed"))
TIMES = {"seconds": 10, "warmup_seconds": 2}


def test_a_closed_loop_has_warm_ups_and_passes() -> None:
    assert phases(CLOSED, TIMES, job(warmup=1, timed=2)) == [Phase("closed", 2, 1), Phase("closed", 10, 2), Phase("closed", 10, 3)]


def test_an_open_loop_warms_up_at_its_own_rate() -> None:
    found = phases(OPEN, {**TIMES, "rate": 500}, job(warmup=1, timed=1))
    assert found == [Phase("poisson", 2, 1, rate=500), Phase("poisson", 10, 2, rate=500)]


def test_a_share_is_one_of_the_closed_warm_up() -> None:
    found = phases(OPEN, {**TIMES, "share": 0.7}, job(warmup=1, timed=1))
    assert found == [Phase("closed", 2, 1), Phase("poisson", 10, 2, share=0.7)]


def test_without_a_warm_up_a_share_has_a_closed_phase_that_is_no_pass() -> None:
    found = phases(OPEN, {**TIMES, "share": 0.7}, job(warmup=0, timed=1))
    assert found == [Phase("closed", 2, None), Phase("poisson", 10, 1, share=0.7)]


@pytest.mark.parametrize("arrivals", ["step", "ramp"])
def test_a_step_and_a_ramp_say_where_they_end(arrivals: str) -> None:
    traffic = Traffic("/p", arrivals, "bodies")  # type: ignore[arg-type]
    assert phases(traffic, {**TIMES, "rate": 10, "to": 50}, job(warmup=0, timed=1)) == [Phase(arrivals, 10, 1, rate=10, to=50)]  # type: ignore[arg-type]
    with pytest.raises(UserError, match="parameter 'to' is None"):
        phases(traffic, {**TIMES, "rate": 10}, job(warmup=0, timed=1))


STEP = Traffic("/p", "step", "bodies")
FALL = {"share": 1.5, "to": 0.5, "turn": 0.2}


def test_a_step_in_shares_warms_up_closed() -> None:
    found = phases(STEP, {**TIMES, **FALL}, job(warmup=1, timed=1))
    assert found == [Phase("closed", 2, 1), Phase("step", 10, 2, share=1.5, to=0.5, turn=0.2)]
    assert found[1].asked() == {"arrivals": "step", "seconds": 10, "rate": None, **FALL, "count": None}
    assert found[0].turned(None) is None
    assert found[1].turned(600.0) == Turn(2 * 10**9, 200.0, 400.0), "600 are one and a half times 400"


def test_a_step_in_absolute_rates_comes_half_way_and_its_warm_up_s_too() -> None:
    warm, steady = phases(STEP, {**TIMES, "rate": 30, "to": 10}, job(warmup=1, timed=1))
    assert (warm.turned(30.0), steady.turned(30.0)) == (Turn(10**9, 10), Turn(5 * 10**9, 10))


@pytest.mark.parametrize("turn", [0, 1, 2.5, "late"])
def test_a_turn_is_a_part_of_the_phase(turn: float | str) -> None:
    with pytest.raises(UserError, match="parameter 'turn' is"):
        phases(STEP, {**TIMES, **FALL, "turn": turn}, job())


@pytest.mark.parametrize("rate", [None, 0, -1, "many"])
def test_traffic_without_a_rate_is_the_users_mistake(rate: object) -> None:
    params = TIMES if rate is None else {**TIMES, "rate": rate}
    with pytest.raises(UserError, match="parameter 'rate' is"):
        phases(OPEN, params, job())  # type: ignore[arg-type]


BEHIND = {"downstream_port": 18080, "downstream_ms": 50}


def test_a_downstream_is_asked_for_by_the_cases_parameters() -> None:
    assert downstream("c", {**TIMES, **BEHIND}) == {"port": 18080, "delay_ms": 50}
    assert downstream("c", {**BEHIND, "downstream_ms": 0.5}) == {"port": 18080, "delay_ms": 0.5}


@pytest.mark.parametrize(
    ("name", "value"),
    [*(("downstream_port", v) for v in (None, 0, 65536, 1.5, "http")), *(("downstream_ms", v) for v in (None, -1, "long"))],
)
def test_a_downstream_without_its_numbers_is_the_users_mistake(name: str, value: object) -> None:
    with pytest.raises(UserError, match=f"case 'c': parameter '{name}' is .*give --param {name}="):
        downstream("c", {**BEHIND, name: value})  # type: ignore[dict-item]
