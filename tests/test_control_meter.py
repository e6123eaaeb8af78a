"""The control meter as a process: what it saw between two marks, how quick its CPU is, and that its death is no one else's."""

import time

from harness.model import Timing
from harness.runner import meter
from harness.runner.control import ControlMeter, Mark

TIMING = Timing(1, 1, 10_000_000, 2_000_000)


def test_a_mark_has_the_sleeps_since_the_last_and_the_time_of_the_work() -> None:
    with ControlMeter(TIMING, (0,)) as control:
        control.mark()
        time.sleep(0.2)
        mark = control.mark()
    assert mark.stalls and 1 <= mark.stalls.count <= 20
    assert mark.work_ns and mark.work_ns > 0


def test_the_work_is_timed_on_the_cpus_own_clock() -> None:
    """Waiting is no part of it: however long the process is kept from the CPU, CPU time can't exceed what its thread was given."""
    before = time.thread_time_ns()
    least = meter.work_ns()
    assert 0 < 3 * least <= time.thread_time_ns() - before


def test_a_meter_that_has_died_says_nothing() -> None:
    with ControlMeter(TIMING, (0,)) as control:
        assert control._process
        control._process.kill()
        control._process.wait()
        assert control.mark() == Mark()
