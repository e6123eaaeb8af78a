"""A load generator of a few lines: one request after the other, whatever arrivals are asked for; its records are true."""

import hashlib
import http.client
import json
import os
import platform
import struct
import sys
import time
from pathlib import Path
from typing import Any

from hdrh.histogram import HdrHistogram

RECORD = struct.Struct("<5Q3I2H")


def emit(event: str, **fields: object) -> None:
    print(json.dumps({"event": event, **fields}), flush=True)


def encoded(values: list[int]) -> str:
    made = HdrHistogram(1, 3_600 * 10**9, 3)
    for value in values:
        made.record_value(max(1, value))
    return str(made.encode().decode())


class Generator:
    """One run of the program; what it has heard so far."""

    def __init__(self, ask: dict[str, Any]) -> None:
        self.ask = ask
        self.bodies = Path(ask["requests"]).read_text(encoding="utf-8").splitlines()
        self.first: dict[int, int] = {}
        self.records = 0
        self.rate = 0.0

    def phase(self, number: int, phase: dict[str, Any]) -> None:
        start, failed, statuses, changed = time.monotonic_ns(), {"closed": 0}, dict[str, int](), 0
        rate = None if phase["arrivals"] == "closed" else (phase["rate"] or phase["share"] * self.rate)
        emit("begun", phase=number, start_ns=start, rate=rate)
        times, end, sent, first = list[int](), start + int(phase["seconds"] * 1e9), 0, self.records
        while time.monotonic_ns() < end or sent < len(self.bodies):
            request = sent % len(self.bodies)
            began = time.monotonic_ns()
            try:
                status, body = self.post(self.bodies[request])
            except (OSError, http.client.HTTPException):
                failed["closed"] += 1
                self.note(began, 0, 0, request, 0, 2)
                sent += 1
                if failed["closed"] > 3:
                    break
                continue
            done, sent = time.monotonic_ns(), sent + 1
            times.append(done - began)
            statuses[str(status)] = statuses.get(str(status), 0) + 1
            digest = int.from_bytes(hashlib.sha256(body).digest()[:8], "little")
            if self.first.setdefault(request, digest) != digest:
                changed += 1
            elif sent <= len(self.bodies) and self.records < len(self.bodies):
                self.answers(request, status, body)
            self.note(began, done, digest, request, status, 0)
        wall = time.monotonic_ns() - start
        self.rate = len(times) * 1e9 / wall
        emit(
            "phase", phase=number, start_ns=start, wall_ns=wall, due=sent, answered=len(times), failed=failed, statuses=statuses,
            changed=changed, queue_max=0, first_record=first, records=self.records - first, user_ns=0, system_ns=0,
            response=encoded(times), service=encoded(times), lateness=encoded([1]),
        )  # fmt: skip

    def post(self, body: str) -> tuple[int, bytes]:
        connection = http.client.HTTPConnection(self.ask["host"], self.ask["port"], timeout=5)
        try:
            connection.request("POST", self.ask["path"], body, {"Content-Type": "application/json"})
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    def answers(self, request: int, status: int, body: bytes) -> None:
        with Path(self.ask["answers"]).open("a", encoding="utf-8") as file:
            file.write(json.dumps({"request": request, "status": status, "body": body.decode()}) + "\n")

    def note(self, began: int, done: int, digest: int, request: int, status: int, failure: int) -> None:
        self.records += 1
        with Path(self.ask["records"]).open("ab") as file:
            file.write(RECORD.pack(began, began, done, done, digest, request, 0, 0, status, failure))


def main() -> None:
    emit(
        "hello", protocol=1, language="fake", variant="load-generator", runtime=platform.python_version(), libraries={},
        parallelism=len(os.sched_getaffinity(0)), clock="CLOCK_MONOTONIC", allocator=None, now_ns=time.monotonic_ns(),
    )  # fmt: skip
    line = sys.stdin.readline()
    if not line:
        return
    ask = json.loads(line)
    generator = Generator(ask)
    emit("connected", connections=ask["connections"], now_ns=time.monotonic_ns())
    for number, phase in enumerate(ask["phases"]):
        generator.phase(number, phase)
    emit("done", now_ns=time.monotonic_ns())
    sys.stdin.read()


main()
