"""The load generator as the service behind a server: how long its answers take, what is in them, and what it makes of clients."""

from __future__ import annotations

import contextlib
import http.client
import json
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import workload_scripts
from makers import DATA, sample

from harness import catalog, traffic
from harness.model import Latency
from harness.stats.served import decoded

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "scripts"))
import served  # noqa: E402

pytestmark = [pytest.mark.impls, pytest.mark.alone, pytest.mark.timeout(900)]  # it is compiled first
DELAY_S = 0.2
ASK = b"POST /predict HTTP/1.1\r\nHost: x\r\n"
BODIES = [b'{"n": %d}' % n for n in range(200)]
passed_on = workload_scripts.load(served.WORKLOAD, "passing").passed_on


@pytest.fixture(scope="module")
def program() -> tuple[str, ...]:
    if not shutil.which("cargo"):
        pytest.skip("no cargo on PATH; install Rust")
    return served.ready("load/generator")[0]


class _Handler(BaseHTTPRequestHandler):
    """A server under test: what `server.passed` makes of a body is its answer."""

    protocol_version = "HTTP/1.1"
    server: Planted

    def do_POST(self) -> None:
        text = self.server.passed(self.rfile.read(int(self.headers["Content-Length"])))
        self.send_response_only(200)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)


class Planted(ThreadingHTTPServer):
    request_queue_size, daemon_threads = 512, True

    def __init__(self, passed: Callable[[bytes], bytes]) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.passed = passed
        threading.Thread(target=self.serve_forever, daemon=True).start()


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as found:
        return int(found.getsockname()[1])


def asked(folder: Path, server: int, port: int, phase: dict[str, Any], **changes: Any) -> str:
    (folder / "bodies").write_bytes(b"\n".join(BODIES) + b"\n")
    ask = {
        "host": "127.0.0.1", "port": server, "connections": 8, "cpu": None, "spin": False, "path": "/forward",
        "requests": str(folder / "bodies"), "seed": 5, "records": str(folder / "records"), "answers": str(folder / "answers"),
        "timeout_s": 5, "phases": [{"drain_s": 1, **phase}], "downstream": {"port": port, "delay_ms": DELAY_S * 1e3}, **changes,
    }  # fmt: skip
    return json.dumps(ask) + "\n"


@pytest.fixture(scope="module")
def port(program: tuple[str, ...], tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """Where it listens, while it has next to nothing else to do."""
    with Planted(lambda _: b"{}") as server:
        found = free_port()
        line = asked(tmp_path_factory.mktemp("asked"), server.server_address[1], found, {"arrivals": "constant", "rate": 1, "seconds": 600})
        with subprocess.Popen(program, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as running:
            assert running.stdin and running.stdout
            running.stdin.write(line)
            running.stdin.flush()
            assert any('"connected"' in said for said in running.stdout)
            yield found
            running.kill()
        server.shutdown()


def whole(body: bytes) -> bytes:
    return ASK + b"Content-Length: %d\r\n\r\n%s" % (len(body), body)


def connected(port: int) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), timeout=5)


def answer(line: socket.socket) -> tuple[int, str | None, Any]:
    with http.client.HTTPResponse(line) as found:
        found.begin()
        return found.status, found.getheader("content-type"), json.loads(found.read())


def right(line: socket.socket, body: bytes) -> None:
    assert answer(line) == (200, "application/json", {"probability": passed_on(body), "model": "downstream"})


def test_an_answer_is_made_of_the_bytes_and_never_early(port: int) -> None:
    with connected(port) as line:
        for body in (BODIES[7], b"", bytes(range(256)), b"x" * (1 << 20)):
            line.sendall(whole(body)[:-1])
            time.sleep(0.05)
            sent = time.monotonic()
            line.sendall(whole(body)[-1:])
            found, took = answer(line), time.monotonic() - sent
            assert found[2]["probability"] == passed_on(body)
            assert DELAY_S <= took < DELAY_S + 0.2, "from the last byte on"


def test_a_body_in_chunks_and_a_request_in_pieces(port: int) -> None:
    chunked = ASK + b'Transfer-Encoding: chunked\r\n\r\n3\r\n{ "\r\n5\r\nn": 1\r\n1\r\n}\r\n0\r\n\r\n'
    with connected(port) as line:
        line.sendall(chunked)
        right(line, b'{ "n": 1}')
        for byte in chunked:
            line.sendall(bytes([byte]))
        right(line, b'{ "n": 1}')


def test_many_at_once_come_back_after_one_delay_in_the_order_in_which_they_came(port: int) -> None:
    """As many as its connections and the spare ones allow, each on a line of its own."""
    with contextlib.ExitStack() as held:
        lines = [held.enter_context(connected(port)) for _ in range(90)]
        begun = time.monotonic()
        for line, body in zip(lines, BODIES, strict=False):
            line.sendall(whole(body))
        came = []
        for line, body in zip(lines, BODIES, strict=False):
            right(line, body)
            came.append(time.monotonic() - begun)
    assert came == sorted(came) and came[0] >= DELAY_S and came[-1] < 2 * DELAY_S + 0.3


def test_requests_sent_before_their_turn_are_answered_one_after_the_other(port: int) -> None:
    with connected(port) as line:
        begun = time.monotonic()
        line.sendall(b"".join(whole(body) for body in BODIES[:3]))
        line.shutdown(socket.SHUT_WR)
        for body in BODIES[:3]:
            right(line, body)
        assert time.monotonic() - begun >= 3 * DELAY_S
        assert line.recv(1) == b""


@pytest.mark.parametrize(
    "nonsense",
    [
        b"SSH-2.0\r\n\r\n", b"GET /predict HTTP/1.1\r\n\r\n", b"POST /other HTTP/1.1\r\nContent-Length: 0\r\n\r\n",
        ASK + b"Content-Length: x\r\n\r\n", ASK + b"Content-Length: 1000000000\r\n\r\n",
        ASK + b"Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", ASK + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n",
    ],
)  # fmt: skip
def test_what_is_no_request_is_refused_and_its_connection_ends_alone(port: int, nonsense: bytes) -> None:
    with connected(port) as line, connected(port) as other:
        other.sendall(whole(b"{}"))
        line.sendall(nonsense)
        status, _, body = answer(line)
        assert status == 400 and body["error"]
        assert line.recv(1) == b""
        right(other, b"{}")


def test_who_asks_to_close_is_closed_and_who_leaves_is_forgotten(port: int) -> None:
    with connected(port) as line:
        line.sendall(whole(b"{}").replace(b"Host: x", b"Connection: close"))
        right(line, b"{}")
        assert line.recv(1) == b""
    for _ in range(300):  # thrice as many as it holds
        with connected(port) as line:
            line.sendall(whole(b"{}")[:-1])
    with connected(port) as line:
        line.sendall(whole(b"{}"))
        right(line, b"{}")


def test_a_port_that_is_taken_is_said(program: tuple[str, ...], tmp_path: Path, port: int) -> None:
    with Planted(lambda _: b"{}") as server:
        line = asked(tmp_path, server.server_address[1], port, {"arrivals": "closed", "count": 1})
        done = subprocess.run(program, input=line, capture_output=True, text=True, timeout=30, check=False)
        server.shutdown()
    told = json.loads(done.stdout.splitlines()[-1])
    assert told["event"] == "error" and f"127.0.0.1:{port}" in told["message"] and done.returncode == 1


def forwarded(body: bytes, port: int) -> bytes:
    with connected(port) as line:
        line.sendall(whole(body))
        with http.client.HTTPResponse(line) as found:
            found.begin()
            return found.read()


def judged(program: tuple[str, ...], folder: Path, passed: Callable[[bytes, int], bytes]) -> str | None:
    """The word on a server that passes on so, after each body has been asked twice."""
    port = free_port()
    with Planted(lambda body: passed(body, port)) as server:
        line = asked(folder, server.server_address[1], port, {"arrivals": "closed", "count": 400}, connections=40)
        done = subprocess.run(program, input=line, capture_output=True, text=True, timeout=60, check=False)
        server.shutdown()
    (told,) = (event for event in map(json.loads, done.stdout.splitlines()) if event["event"] == "phase")
    assert told["answered"] == told["due"] == 400
    late = decoded(told["downstream"])
    assert late.get_total_count() == 400 and late.get_max_value() < 0.2e9, "each answer's own lateness, not its delay"
    spec = catalog.load(ROOT).workloads[served.WORKLOAD]
    step = next(step for step in spec.steps if step.traffic and step.traffic.downstream)
    truth = pl.DataFrame({"request": range(len(BODIES)), "probability": [passed_on(body) for body in BODIES]})
    truth.write_parquet(folder / f"{step.name}.parquet")
    latency = Latency("closed", None, 400, 400, told["failed"], told["statuses"], told["changed"], 0, "", "", "")
    samples, data = [sample(latency=latency)], replace(DATA, answers=str(folder))
    return traffic.judge(folder / "answers", samples, step, spec.answer_types, data, spec.tolerance)


def test_an_honest_forwarder_is_right(program: tuple[str, ...], tmp_path: Path) -> None:
    assert judged(program, tmp_path, forwarded) is None


def test_a_forwarder_that_spoils_the_last_byte_of_one_body_is_wrong(program: tuple[str, ...], tmp_path: Path) -> None:
    why = judged(program, tmp_path, lambda body, port: forwarded(b'{"n": 17]' if body == BODIES[17] else body, port))
    assert why and "probability" in why


def test_a_forwarder_that_always_mixes_up_two_is_wrong(program: tuple[str, ...], tmp_path: Path) -> None:
    mixed = {BODIES[3]: BODIES[4], BODIES[4]: BODIES[3]}
    why = judged(program, tmp_path, lambda body, port: forwarded(mixed.get(body, body), port))
    assert why and "probability" in why


def test_a_forwarder_that_mixes_up_two_once_is_wrong(program: tuple[str, ...], tmp_path: Path) -> None:
    """Two that wait at the same time get each other's answer, after all bodies have been answered once."""
    seen, lock, swap = list[bytes](), threading.Lock(), threading.Barrier(2)
    held: dict[int, bytes] = {}

    def mixed(body: bytes, port: int) -> bytes:
        found = forwarded(body, port)
        with lock:
            seen.append(body)
            place = len(seen) - 321
        if place in (0, 1):
            held[place] = found
            swap.wait(5)
            return held[1 - place]
        return found

    why = judged(program, tmp_path, mixed)
    assert why and "2 answers differ from the first" in why
