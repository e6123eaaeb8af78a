"""POST /forward of every server that has it, against a planted downstream: bytes and status come through, whatever becomes of it.

Run against the local builds, like the rest of the contract (test_server_contract.py).
"""

from __future__ import annotations

import contextlib
import http.client
import json
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from harness import catalog
from harness.model import UserError
from harness.runner import local_build

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "scripts"))
import served  # noqa: E402
from served import WORKLOAD, Served, serving  # noqa: E402

pytestmark = [pytest.mark.impls, pytest.mark.timeout(1200)]  # a server may have to be compiled first
CATALOG = catalog.load(ROOT)
NAMES = [impl.name for impl in served.servers(CATALOG) if "forward" not in impl.workloads[WORKLOAD].lacks]
MIB = 1 << 20
Said = tuple[int, str | None, bytes]
Answer = Callable[[bytes], Said]


class Downstream(ThreadingHTTPServer):
    """Answers each body with what `answer` makes of it, and keeps what was asked. A status of 0 cuts the answer off."""

    request_queue_size, daemon_threads = 512, True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.asked: list[tuple[str, dict[str, str], bytes]] = []
        self.connections = 0
        self.answer: Answer = echoed
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def process_request(self, request: Any, client_address: Any) -> None:
        self.connections += 1
        super().process_request(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Downstream

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.server.asked.append((f"{self.command} {self.path}", {k.lower(): v for k, v in self.headers.items()}, body))
        status, kind, text = self.server.answer(body)
        self.send_response_only(status or 200)
        if kind:
            self.send_header("Content-Type", kind)
        if status in (301, 302):
            self.send_header("Location", "/elsewhere")
        self.send_header("Content-Length", str(len(text) + (0 if status else 5)))
        self.end_headers()
        with contextlib.suppress(ConnectionError):  # whoever waited in vain has hung up
            self.wfile.write(text)
        self.close_connection = not status

    def log_message(self, format: str, *args: object) -> None:
        pass


def echoed(body: bytes) -> Said:
    return 200, "application/json", b"<" + body + b">"


@contextlib.contextmanager
def forwarder(name: str, port: int) -> Iterator[Served]:
    """Skips where the language's toolchain is not here."""
    if local_build.missing(CATALOG.languages[name.partition("/")[0]]):
        pytest.skip(f"no toolchain for {name} on PATH")
    try:
        with serving(name, connections=300, params={**served.asked()["params"], "downstream_port": port}) as server:
            yield server
    except UserError as error:
        pytest.fail(str(error))


@pytest.fixture(scope="module")
def behind() -> Iterator[Downstream]:
    with Downstream() as made:
        yield made
        made.shutdown()


@pytest.fixture(scope="module", params=NAMES)
def server(request: pytest.FixtureRequest, behind: Downstream) -> Iterator[Served]:
    with forwarder(request.param, behind.server_address[1]) as running:
        yield running
    assert running.code == 0, running.errors


@pytest.fixture
def downstream(behind: Downstream) -> Downstream:
    """As new."""
    behind.answer = echoed
    behind.asked.clear()
    return behind


def ask(server: Served, body: bytes, method: str = "POST", **headers: str) -> tuple[int, dict[str, str], bytes]:
    """One request on a connection of its own."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
    try:
        connection.request(method, "/forward", body, {"Content-Type": "application/json", **headers})
        answer = connection.getresponse()
        return answer.status, {key.lower(): value for key, value in answer.getheaders()}, answer.read()
    finally:
        connection.close()


def refused(answer: tuple[int, dict[str, str], bytes], status: int) -> None:
    """With one line of JSON."""
    code, headers, body = answer
    assert code == status, body[:200]
    assert headers["content-type"].startswith("application/json")
    reason = json.loads(body)["error"]
    assert reason and "\n" not in reason


BODIES = [b'{"month": 5}', b"", b"no JSON", bytes(range(256)), b' {"a" : 1.50,\r\n"b":"\\u00e5"}\n', b"x" * MIB]


@pytest.mark.parametrize("body", BODIES, ids=lambda b: repr(b)[:14])
def test_a_body_goes_through_byte_for_byte_and_so_does_its_answer(server: Served, downstream: Downstream, body: bytes) -> None:
    status, headers, found = ask(server, body)
    assert (status, headers["content-type"], found) == (200, "application/json", b"<" + body + b">")
    ((line, asked, got),) = downstream.asked
    assert (line, got) == ("POST /predict", body) and asked.get("content-type") == "application/json"
    assert "accept-encoding" not in asked, "an answer that was packed on the way would not come back as it came"


ANSWERS: list[Said] = [
    (200, "text/plain; charset=latin-1", b"\xe5\xe4\xf6"), (200, None, b"<html>"), (201, "application/json", b"{}"),
    (302, "text/html", b"moved"), (404, "application/json", b'{"error": "none"}'), (418, "application/json", b""),
    (500, "application/json", b'{"error": "its own"}'), (503, "text/plain", b"later"), (200, "application/octet-stream", b"\0" * 300_000),
]  # fmt: skip


@pytest.mark.parametrize("said", ANSWERS, ids=lambda said: f"{said[0]} {said[1]}")
def test_whatever_is_answered_comes_back_as_it_came(server: Served, downstream: Downstream, said: Said) -> None:
    downstream.answer = lambda _: said
    status, headers, found = ask(server, b"{}")
    assert (status, headers.get("content-type"), found) == said
    assert len(downstream.asked) == 1


def test_each_gets_its_own_answer_while_many_wait(server: Served, downstream: Downstream) -> None:
    """300 at once for a second: one after the other would take five minutes, ten at a time half a one."""

    def slow(body: bytes) -> Said:
        time.sleep(1)
        return echoed(body)

    downstream.answer = slow
    bodies = [b'{"n": %d}' % n for n in range(300)]
    begun = time.monotonic()
    with ThreadPoolExecutor(len(bodies)) as pool:
        found = list(pool.map(lambda body: ask(server, body), bodies))
    assert time.monotonic() - begun < 15
    assert [(status, text) for status, _, text in found] == [(200, b"<" + body + b">") for body in bodies]
    assert sorted(body for _, _, body in downstream.asked) == sorted(bodies)


def test_connections_to_it_are_kept(server: Served, downstream: Downstream) -> None:
    ask(server, b"{}")
    before = downstream.connections
    for _ in range(20):
        assert ask(server, b"{}")[0] == 200
    assert downstream.connections == before


def test_an_answer_that_is_cut_off_is_502(server: Served, downstream: Downstream) -> None:
    downstream.answer = lambda _: (0, "application/json", b"{")
    refused(ask(server, b"{}"), 502)
    downstream.answer = echoed
    assert ask(server, b"{}")[0] == 200


def test_no_answer_in_ten_seconds_is_504(server: Served, downstream: Downstream) -> None:
    over = threading.Event()

    def silent(body: bytes) -> Said:
        over.wait(30)
        return echoed(body)

    downstream.answer = silent
    begun = time.monotonic()
    refused(ask(server, b"{}"), 504)
    assert 9.5 < time.monotonic() - begun < 14
    over.set()


def test_the_rest_of_the_contract_holds(server: Served, downstream: Downstream) -> None:
    with server.connect() as line:  # by its length: a body that is not read may end in a reset
        line.sendall(b"POST /forward HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % (MIB + 1))
        assert served.status(line) == 413
    answer = ask(server, b"", "GET")
    refused(answer, 405)
    assert "POST" in answer[1]["allow"]
    assert not downstream.asked
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=20)
    connection.request("GET", "/metrics")
    text = connection.getresponse().read().decode()
    assert any(line.startswith("http_requests_total{") and 'path="/forward"' in line for line in text.splitlines())
    connection.close()


@pytest.mark.parametrize("name", NAMES)
def test_nobody_there_is_502(name: str) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))  # held, and nobody listens
        with forwarder(name, unused.getsockname()[1]) as server:
            refused(ask(server, b"{}"), 502)
    assert server.code == 0, server.errors


@pytest.mark.parametrize("name", NAMES)
def test_what_waits_is_answered_when_it_drains(name: str, downstream: Downstream) -> None:
    come = threading.Event()

    def slow(body: bytes) -> Said:
        come.set()
        time.sleep(2)
        return echoed(body)

    downstream.answer = slow
    with forwarder(name, downstream.server_address[1]) as server, ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(ask, server, b"{}")
        assert come.wait(10)
        server.process.terminate()
        assert waiting.result(20)[0] == 200
    assert server.code == 0, server.errors
    assert server.done["served"] == 1


@pytest.mark.parametrize("name", NAMES)
def test_without_a_downstream_there_is_no_such_path(name: str) -> None:
    with serving(name) as server:
        refused(ask(server, b"{}"), 404)


@pytest.mark.parametrize("name", NAMES)
def test_a_port_that_is_none_is_an_input_error(name: str) -> None:
    for port in (0, 65536, -1, "18080"):
        with serving(name, params={**served.asked()["params"], "downstream_port": port}) as server:
            server.process.wait(20)
        assert server.events[-1]["event"] == "error" and server.events[-1]["kind"] == "input", server.events
