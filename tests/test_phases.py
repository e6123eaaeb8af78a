"""What the load generator is asked for: phases from a step's traffic, a case's parameters and a job's passes."""

import pytest
from makers import job

from harness.model import Traffic, UserError
from harness.runner.load.phases import Phase, phases

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


@pytest.mark.parametrize("rate", [None, 0, -1, "many"])
def test_traffic_without_a_rate_is_the_users_mistake(rate: object) -> None:
    params = TIMES if rate is None else {**TIMES, "rate": rate}
    with pytest.raises(UserError, match="parameter 'rate' is"):
        phases(OPEN, params, job())  # type: ignore[arg-type]
