"""The load generator against planted servers: every request is accounted for once, and a stall shows where arithmetic puts it."""

from __future__ import annotations

import json
import random
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from makers import run

from harness import blame
from harness.model import Blame, Latency, Pauses, Sample, Span, Turn
from harness.recovery import recovered
from harness.stats.served import decoded
from harness.traffic import RECORD

pytestmark = [pytest.mark.impls, pytest.mark.alone, pytest.mark.timeout(900)]  # it is compiled first
CRATE = Path(__file__).parents[1] / "docker" / "load-generator"
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"
Answer = Callable[[int], bytes | None]


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if not shutil.which("cargo"):
        pytest.skip("no cargo on PATH; install Rust")
    target = tmp_path_factory.mktemp("loadgen")
    command = ["cargo", "build", "--release", "--locked", "--quiet", "--target-dir", str(target)]
    subprocess.run(command, cwd=CRATE, check=True)
    return target / "release" / "loadgen"


class Server:
    """Answers each request with what `answer` gives for its number; None ends the connection, b"" says nothing."""

    def __init__(self, answer: Answer) -> None:
        self.answer, self.number, self.lock = answer, 0, threading.Lock()
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=512)
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                taken, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(taken,), daemon=True).start()

    def _serve(self, taken: socket.socket) -> None:
        taken.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with taken:
            while taken.recv(65536):
                with self.lock:
                    self.number += 1
                    said = self.answer(self.number)
                if said is None:
                    return
                taken.sendall(said)


@pytest.fixture
def serve() -> Iterator[Callable[[Answer], Server]]:
    made: list[Server] = []

    def start(answer: Answer) -> Server:
        made.append(Server(answer))
        return made[-1]

    yield start
    for server in made:
        server.listener.close()


def load(program: Path, folder: Path, port: int, *phases: dict[str, Any], **asked: Any) -> tuple[list[dict[str, Any]], Any]:
    """The phases that it tells of, and the records."""
    (folder / "bodies").write_text("".join(f'{{"n": {n}}}\n' for n in range(50)))
    ask = {
        "host": "127.0.0.1", "port": port, "connections": 4, "cpu": None, "spin": False, "path": "/", "requests": str(folder / "bodies"),
        "seed": 5, "records": str(folder / "records"), "answers": str(folder / "answers"), "timeout_s": 5,
        "phases": [{"drain_s": 1, **phase} for phase in phases], **asked,
    }  # fmt: skip
    done = subprocess.run([program], input=json.dumps(ask) + "\n", capture_output=True, text=True, timeout=60, check=False)
    events = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.returncode == 0 and events[-1]["event"] == "done", events[-1]
    return [event for event in events if event["event"] == "phase"], np.fromfile(folder / "records", RECORD)


def accounted(told: dict[str, Any], records: Any) -> None:
    """Each request is one record, answered or failed."""
    assert told["due"] == told["answered"] + sum(told["failed"].values()) == told["records"] == len(records)
    assert told["answered"] == sum(told["statuses"].values()) == np.count_nonzero(records["failure"] == 0)
    answered = records[records["failure"] == 0]
    assert (answered["intended_ns"] <= answered["sent_ns"]).all()
    assert (answered["sent_ns"] <= answered["first_byte_ns"]).all() and (answered["first_byte_ns"] <= answered["done_ns"]).all()


CLOSED = {"arrivals": "closed", "count": 400}
KINDS: dict[str, tuple[Answer, str | None]] = {
    "honest": (lambda _: OK, None),
    "chunked": (lambda _: b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n{\r\n1\r\n}\r\n0\r\n\r\n", None),
    "closes after each": (lambda _: OK.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"), None),
    "closes": (lambda n: None if n % 7 == 0 else OK, "closed"),
    "talks nonsense": (lambda n: b"SSH-2.0\r\n\r\n" if n % 7 == 0 else OK, "malformed"),
    "says too much": (lambda n: OK * 2 if n % 7 == 0 else OK, "malformed"),
}


@pytest.mark.parametrize("kind", KINDS)
def test_each_request_is_accounted_for_once(program: Path, tmp_path: Path, serve: Callable[[Answer], Server], kind: str) -> None:
    answer, failure = KINDS[kind]
    (told,), records = load(program, tmp_path, serve(answer).port, CLOSED)
    accounted(told, records)
    failed = {name for name, n in told["failed"].items() if n}
    assert failed == ({failure} if failure else set()) and told["due"] == 400 and told["changed"] == 0
    assert len((tmp_path / "answers").read_text().splitlines()) == 50


def test_what_is_never_answered_is_given_up(program: Path, tmp_path: Path, serve: Callable[[Answer], Server]) -> None:
    (told,), records = load(program, tmp_path, serve(lambda _: b"").port, {"arrivals": "poisson", "rate": 100, "seconds": 0.5})
    accounted(told, records)
    assert told["answered"] == 0 and told["failed"]["unanswered"] == told["due"] > 20


def test_a_timeout_ends_a_request_and_its_connection(program: Path, tmp_path: Path, serve: Callable[[Answer], Server]) -> None:
    (told,), records = load(program, tmp_path, serve(lambda _: b"").port, {"arrivals": "closed", "count": 8, "drain_s": 5}, timeout_s=0.2)
    accounted(told, records)
    assert told["failed"]["timeout"] == 8


def test_answers_that_change_are_counted(program: Path, tmp_path: Path, serve: Callable[[Answer], Server]) -> None:
    (told,), records = load(program, tmp_path, serve(lambda n: OK if n <= 200 else OK.replace(b"200", b"201")).port, CLOSED)
    accounted(told, records)
    assert told["changed"] == 200 and told["statuses"] == {"200": 200, "201": 200}


def test_a_share_is_one_of_the_closed_phase_before(program: Path, tmp_path: Path, serve: Callable[[Answer], Server]) -> None:
    closed, opened = load(program, tmp_path, serve(lambda _: OK).port, CLOSED, {"arrivals": "constant", "share": 0.1, "seconds": 1})[0]
    through = closed["answered"] * 1e9 / closed["wall_ns"]
    assert opened["due"] == pytest.approx(through * 0.1, abs=2)
    assert opened["first_record"] == closed["records"]


def test_a_backlog_is_answered_however_long_and_the_dead_are_given_up(
    program: Path, tmp_path: Path, serve: Callable[[Answer], Server]
) -> None:
    """One in a hundredth of a second: of 200 due within half a second 150 are left, 1.5 seconds' worth, thrice the patience."""

    def slow(n: int) -> bytes:
        time.sleep(0.01)
        return OK if n < 10_000 else b""

    asked = {"arrivals": "constant", "rate": 400, "seconds": 0.5, "drain_s": 0.5}
    (told,), records = load(program, tmp_path, serve(slow).port, asked)
    accounted(told, records)
    assert told["answered"] == told["due"] == 200 and told["wall_ns"] > 1.9e9
    (told,), records = load(program, tmp_path, serve(lambda n: OK if n <= 50 else b"").port, asked)
    accounted(told, records)
    assert told["answered"] == 50 and told["failed"]["unanswered"] == 150


def test_overload_in_shares_and_the_time_to_recover(program: Path, tmp_path: Path, serve: Callable[[Answer], Server]) -> None:
    """One at a time, 4 ms each: what 0.6 seconds at one and a half times leave over takes as long again at a half."""

    def slow(_: int) -> bytes:
        time.sleep(0.004)
        return OK

    step = {"arrivals": "step", "share": 1.5, "to": 0.5, "turn": 0.2, "seconds": 3}
    (closed, told), records = load(program, tmp_path, serve(slow).port, {"arrivals": "closed", "seconds": 1}, step)
    mine = records[told["first_record"] :]
    accounted(told, mine)
    capacity = closed["answered"] * 1e9 / closed["wall_ns"]
    fell = told["start_ns"] + 600_000_000
    before = np.count_nonzero(mine["intended_ns"] < fell)
    assert before == pytest.approx(1.5 * 0.6 * capacity, abs=4 * (0.9 * capacity) ** 0.5)
    assert told["due"] - before == pytest.approx(0.5 * 2.4 * capacity, abs=4 * (1.2 * capacity) ** 0.5)
    served = blame.requests(records["intended_ns"].astype(np.int64), records["done_ns"].astype(np.int64))
    latency = Latency("step", 1.5 * capacity, 0, 0, {}, {}, 0, 0, "", "", "", turn=Turn(600_000_000, 0.5 * capacity, capacity))
    phase = Sample(1, "step", 1, False, told["start_ns"], told["wall_ns"], None, None, told["answered"], None, latency=latency)
    found = recovered(phase, served)
    assert found and not found.outlasted and found.overloaded + found.backlog == before
    assert 0 < found.backlog <= told["queue_max"] + 4
    due, done = mine["intended_ns"].astype(np.int64), np.sort(mine["done_ns"].astype(np.int64))
    few = next(t for t in done[done >= fell] if np.count_nonzero(due <= t) - np.count_nonzero(done <= t) <= found.backlog / 100)
    assert found.wall_ns == few - fell
    # A busy machine moves both, and nothing moves them so far.
    assert 0.2 < found.wall_ns / 1e9 < 2 and 0.5 < found.overloaded / 0.6 / capacity < 1.3


def test_a_stall_shows_in_the_response_and_hides_from_the_closed_loop(
    program: Path, tmp_path: Path, serve: Callable[[Answer], Server]
) -> None:
    """Half a second of stall in four, at 100 a second: one in eight is due within, and waits from half a second down to nothing.

    So a sixteenth waits longer than a quarter of a second. One connection in a closed loop meets the stall once.
    """
    start = time.monotonic()
    stalled = threading.Event()

    def answer(_: int) -> bytes:
        if time.monotonic() - start > 1.5 and not stalled.is_set():
            stalled.set()
            time.sleep(0.5)
        return OK

    (opened,), _ = load(program, tmp_path, serve(answer).port, {"arrivals": "constant", "rate": 100, "seconds": 4}, connections=1)
    response, service = (decoded(opened[name]) for name in ("response", "service"))
    slow, naive = (
        sum(x.count_at_value_iterated_to for x in held.get_recorded_iterator() if x.value_iterated_to > 250e6)
        for held in (response, service)
    )
    assert slow / opened["answered"] == pytest.approx(1 / 16, abs=0.02)
    assert naive == 1, "timed from its sending, one request alone has met the stall"


def test_planted_pauses_are_blamed_and_what_was_planted_beside_them_is_not(
    program: Path, tmp_path: Path, serve: Callable[[Answer], Server]
) -> None:
    """100 ms at irregular, noted times, 6 % of the time: most of the slowest 1 % fell on them, which chance hardly explains.

    A busy machine takes a thread's CPU away for some tens of milliseconds by itself, in which shorter pauses would drown.
    """
    server, pauses, over = serve(lambda _: OK), list[Span](), threading.Event()

    def pause() -> None:
        while not over.wait(random.uniform(0.8, 2.4)):
            with server.lock:
                began = time.monotonic_ns()
                time.sleep(0.1)
                pauses.append(Span(began, time.monotonic_ns() - began))

    pausing = threading.Thread(target=pause)
    pausing.start()
    (told,), records = load(program, tmp_path, server.port, {"arrivals": "poisson", "rate": 400, "seconds": 10})
    over.set()
    pausing.join()
    accounted(told, records)
    served = blame.requests(records["intended_ns"].astype(np.int64), records["done_ns"].astype(np.int64))
    phase = Sample(1, "open", 1, False, told["start_ns"], told["wall_ns"], None, None, told["answered"], None)

    def found(spans: list[Span]) -> Blame:
        recorded = Pauses("planted", len(spans), None, None, tuple(spans), 0)
        return blame.blamed(run(pauses=recorded, stalls=None, control=None), phase, served, 1)[0]

    true, beside = found(pauses), found([Span(p.start_ns + 400_000_000, p.wall_ns) for p in pauses])
    assert true.slow_hit / true.slow > 0.5 > 4 * true.hit / true.requests and true.p is not None and true.p < 0.05
    assert beside.slow_hit < true.slow_hit / 2 and beside.p is not None and beside.p > 0.01


@pytest.mark.parametrize(
    ("asked", "why"),
    [
        ({"phases": [{"arrivals": "poisson", "seconds": 1, "drain_s": 1}]}, "neither rate nor share"),
        ({"phases": [{"arrivals": "poisson", "share": 0.5, "seconds": 1, "drain_s": 1}]}, "no closed phase before it"),
        ({"phases": [{"arrivals": "closed", "drain_s": 1}]}, "neither seconds nor count"),
        ({"phases": [{"arrivals": "step", "rate": 9, "to": 3, "turn": 1, "seconds": 1, "drain_s": 1}]}, "a turn of 1"),
        ({"requests": "/nowhere"}, "/nowhere"),
        ({"cpu": 4096}, "CPU 4096"),
        ({"port": 1}, "connection 1 of 4"),
    ],
)
def test_what_can_not_be_done_is_said_in_a_line(
    program: Path, tmp_path: Path, serve: Callable[[Answer], Server], asked: dict[str, Any], why: str
) -> None:
    with pytest.raises(AssertionError, match="error") as found:
        load(program, tmp_path, asked.pop("port", None) or serve(lambda _: OK).port, CLOSED, **asked)
    assert why in str(found.value)
