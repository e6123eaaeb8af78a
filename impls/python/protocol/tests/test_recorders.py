"""The stall meter, the pause recorder and the heap beneath them, in this process."""

import ctypes
import gc
import pickle
import subprocess
import sys
import time

from bench_protocol.failure import Failure
from bench_protocol.longest import Longest
from bench_protocol.pauses import PauseRecorder
from bench_protocol.stalls import StallMeter, Stalls
from bench_protocol.timing import timed


def test_the_longest_are_kept_and_the_others_counted():
    longest = Longest(limit=2)
    for start, wall in enumerate([5, 1, 9, 7]):
        longest.add(start, wall)
    assert longest.report() == {"events": [{"start_ns": 2, "wall_ns": 9}, {"start_ns": 3, "wall_ns": 7}], "dropped": 2}


def test_a_held_interpreter_lock_is_a_stall():
    meter = StallMeter(interval_ns=1_000_000, threshold_ns=100_000_000)
    time.sleep(0.02)
    start = time.monotonic_ns()
    ctypes.PyDLL(None).usleep(200_000)  # PyDLL keeps the lock during the call
    end = time.monotonic_ns()
    report = meter.report()
    # On a busy machine the meter may have been late already when the lock was taken: what overlaps counts, not what begins within.
    held = [event for event in report["events"] if event["start_ns"] < end and event["start_ns"] + event["wall_ns"] > start]
    (longest,) = [event["wall_ns"] for event in held if event["wall_ns"] > 150_000_000]
    assert longest < 10_000_000_000
    assert sum(report["histogram"]) == report["count"]
    assert report["max_over_ns"] >= longest


def test_oversleeps_fall_into_powers_of_two_of_microseconds():
    stalls = Stalls(interval_ns=1_000_000, threshold_ns=1)
    for over in (0, 1_999, 2_000, 3_999, 4_000, 1_024_000):
        stalls.note(0, over)
    assert stalls.report()["histogram"] == [2, 2, 1, 0, 0, 0, 0, 0, 0, 0, 1]


def test_what_another_process_recorded_is_absorbed():
    stalls, other = Stalls(1_000_000, 3_000), Stalls(1_000_000, 3_000)
    stalls.note(10, 1_000)
    other.note(20, 9_000)
    stalls.absorb(other.report())
    report = stalls.report()
    assert (report["count"], report["total_over_ns"], report["max_over_ns"]) == (2, 10_000, 9_000)
    assert report["histogram"] == [1, 0, 0, 1]
    assert report["events"] == [{"start_ns": 20, "wall_ns": 9_000}]
    recorder, child = PauseRecorder(), PauseRecorder()
    gc.collect()
    told = child.stop()
    recorder.absorb(told)
    assert recorder.report()["count"] == 2 * len(told["events"])


def test_pauses_stop_with_the_report():
    recorder = PauseRecorder()
    gc.collect()
    report = recorder.report()
    assert report["events"][-1]["kind"] == "gen2"
    gc.collect()
    assert report["total_ns"] >= sum(event["wall_ns"] for event in report["events"][-1:])
    assert recorder._note not in gc.callbacks


def test_the_clock_counts_children_that_were_waited_for():
    busy = [sys.executable, "-c", "import time\nwhile time.process_time() < 0.3: pass"]
    _, times = timed(subprocess.run, busy)
    assert times["user_ns"] + times["system_ns"] > 250_000_000
    assert times["wall_ns"] >= 250_000_000


def test_a_failure_keeps_its_kind_on_the_way_from_another_process():
    failure = pickle.loads(pickle.dumps(Failure("input", "no such file")))  # noqa: S301 - our own
    assert (failure.kind, str(failure)) == ("input", "no such file")
