"""The stall meter of a server: a task of the serving loop. Promise: it sees what a waiting request would see."""

import asyncio
from time import monotonic_ns

from bench_protocol.stalls import Stalls


async def watch(stalls: Stalls) -> None:
    """Sleeps and notes until it is cancelled. The loop's timers count whole milliseconds; what comes early counts as on time."""
    interval_ns, note, sleep = stalls.interval_ns, stalls.note, asyncio.sleep
    seconds = interval_ns / 1e9
    while True:
        due = monotonic_ns() + interval_ns
        await sleep(seconds)
        note(due, max(monotonic_ns() - due, 0))
