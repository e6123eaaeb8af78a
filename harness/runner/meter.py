"""The control meter: the stall meter of impls/PROTOCOL.md in a process of its own, on the CPUs of the jobs.

What it oversleeps is the machine's doing, not a runtime's. Run as a script (`python meter.py INTERVAL_NS THRESHOLD_NS`), it sleeps
until a line comes on standard input, answers with what it saw since the last line and how quick the CPU is now, and goes on; at the
end of input it ends.
Imports nothing of ours, so that it starts quickly and stays small.
"""

from __future__ import annotations

import json
import select
import sys
import time

KEEP = 4096
WORK = 20_000
"""Rounds of the fixed piece of work: about a millisecond."""


def measure(interval_ns: int, threshold_ns: int) -> dict[str, object]:
    """Sleep again and again until standard input has something; the `stalls` event's fields."""
    histogram = [0] * 32
    events: list[tuple[int, int]] = []
    count = total = longest = dropped = 0
    while True:
        due = time.monotonic_ns() + interval_ns
        if select.select([sys.stdin], [], [], interval_ns / 1e9)[0]:
            break
        over = max(0, time.monotonic_ns() - due)
        count, total, longest = count + 1, total + over, max(longest, over)
        histogram[min(31, max(0, (over // 1000).bit_length() - 1))] += 1
        if over >= threshold_ns and len(events) < KEEP:
            events.append((due, over))
        elif over >= threshold_ns:
            dropped += 1
    spans = [{"start_ns": start, "wall_ns": wall} for start, wall in events]
    meter = {"interval_ns": interval_ns, "threshold_ns": threshold_ns, "count": count, "total_over_ns": total, "max_over_ns": longest}
    return {**meter, "histogram": histogram, "events": spans, "dropped": dropped}


def work_ns() -> int:
    """CPU time of a fixed piece of work, the least of three: longer where the CPU is slower, whoever is to blame.

    CPU time and not the clock, so that waiting for the CPU is no part of it: that is what the meter's sleep shows.
    """
    return min(_worked() for _ in range(3))


def _worked() -> int:
    begun, total = time.thread_time_ns(), 0
    for number in range(WORK):
        total += number * number
    return time.thread_time_ns() - begun


def main() -> None:
    """Answer each line with what was seen since the one before."""
    interval, threshold = int(sys.argv[1]), int(sys.argv[2])
    while True:
        seen = measure(interval, threshold)
        if not sys.stdin.readline():
            return
        print(json.dumps({"stalls": seen, "work_ns": work_ns()}), flush=True)


if __name__ == "__main__":
    main()
