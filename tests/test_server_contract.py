"""The API of the request server as its spec has it, held against every server: what is answered, what is refused and how, what is counted.

Each server runs once for the table, on the local toolchain; what ends it has a start of its own.
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
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from harness import catalog
from harness.model import UserError
from harness.runner import local_build

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "scripts"))
import served  # noqa: E402
from served import Served, serving  # noqa: E402

pytestmark = [pytest.mark.impls, pytest.mark.timeout(1200)]  # a server may have to be compiled first
CATALOG = catalog.load(ROOT)
NAMES = [impl.name for impl in served.servers(CATALOG)]
MIB = 1 << 20
POST = b"POST /predict HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
Answer = tuple[int, dict[str, str], bytes]
Asking = Callable[..., Answer]


@contextlib.contextmanager
def started(name: str, **changes: Any) -> Iterator[Served]:
    """Skips where the language's toolchain is not here."""
    if local_build.missing(CATALOG.languages[name.partition("/")[0]]):
        pytest.skip(f"no toolchain for {name} on PATH")
    try:
        with serving(name, **changes) as server:
            yield server
    except UserError as error:
        pytest.fail(str(error))


@pytest.fixture(scope="module", params=NAMES)
def server(request: pytest.FixtureRequest) -> Iterator[Served]:
    with started(request.param) as running:
        yield running
    assert running.code == 0, running.errors
    assert running.done["served"] >= 1


def ask(server: Served, method: str, path: str, body: str | bytes | None = None, **headers: str) -> Answer:
    """One request on a connection of its own."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=20)
    try:
        given = {"Content-Type": "application/json", **{k.replace("_", "-"): v for k, v in headers.items()}}
        connection.request(method, path, body, given)
        answer = connection.getresponse()
        return answer.status, {key.lower(): value for key, value in answer.getheaders()}, answer.read()
    finally:
        connection.close()


def flight(server: Served, **changes: Any) -> dict[str, Any]:
    """A good flight without an entity, changed; a value of `...` leaves its member out."""
    good = json.loads(server.bodies(1)[0]) | {"entity": None, "temp": 41.5, "wind_speed": 5, "visib": None} | changes
    return {key: value for key, value in good.items() if value is not ...}


def refused(answer: Answer, status: int = 400) -> str:
    """The reason of a refusal, which is one line of JSON."""
    code, headers, body = answer
    assert code == status, body[:200]
    assert headers["content-type"].startswith("application/json")
    reason = json.loads(body)["error"]
    assert reason and "\n" not in reason
    return str(reason)


def test_it_answers_as_the_oracle_does_and_the_same_bytes_each_time(server: Served) -> None:
    truth = dict(pl.read_parquet(Path(server.ask["truth"]) / "closed.parquet").select("request", "probability").iter_rows())
    for number, body in enumerate(server.bodies(200)):
        status, headers, found = ask(server, "POST", "/predict", body)
        assert status == 200 and headers["content-type"].startswith("application/json")
        said = json.loads(found)
        assert said["probability"] == pytest.approx(truth[number], abs=1e-5) and list(said) == ["probability", "model"]
        assert ask(server, "POST", "/predict", body)[2] == found


WRONG = [
    ("month", 0), ("month", 13), ("month", 5.0), ("month", "5"), ("month", True), ("month", None), ("month", -1), ("month", 1e30),
    ("month", ...), ("month", [1]), ("weekday", 0), ("weekday", 8), ("minute_of_day", -1), ("minute_of_day", 1440), ("minute_of_day", 12.5),
    ("distance", 0), ("distance", -3), ("distance", 10_000.5), ("distance", "7"), ("distance", None), ("distance", ...), ("carrier", "??"),
    ("carrier", 5), ("carrier", None), ("origin", ""), ("dest", "ewr"), ("dest", ...), ("temp", 1000.5), ("temp", "warm"),
    ("wind_speed", -1001), ("visib", True), ("visib", [1]), ("entity", 7), ("entity", "E9999999"), ("entity", ""), ("colour", "red"),
]  # fmt: skip


@pytest.mark.parametrize(("member", "value"), WRONG, ids=lambda x: repr(x)[:12])
def test_a_wrong_member_is_named(server: Served, member: str, value: Any) -> None:
    assert member in refused(ask(server, "POST", "/predict", json.dumps(flight(server, **{member: value}))))


def test_an_entity_has_its_own_weather(server: Served) -> None:
    body = json.loads(server.bodies(1)[0])
    assert "temp" in refused(ask(server, "POST", "/predict", json.dumps(body | {"temp": 5})))
    assert ask(server, "POST", "/predict", json.dumps(body | {"temp": None}))[0] == 200


BROKEN = [
    b"", b"{", b"null", b"1", b'"text"', b"[]", b"{}", b'{"month": 1', b"\xff\xfe", b'{"month": NaN}', b'{"month": 1e999}', b"{'month': 1}",
    b'{"carrier": "\xff"}', b"[" * 10_000, b'{"a":' * 10_000,
]  # fmt: skip


@pytest.mark.parametrize("body", BROKEN, ids=lambda b: repr(b)[:14])
@pytest.mark.parametrize("path", ["/predict", "/predict/batch"])
def test_what_is_no_json_object_is_refused(server: Served, path: str, body: bytes) -> None:
    refused(ask(server, "POST", path, body))


def test_a_good_body_with_something_behind_it_is_refused(server: Served) -> None:
    good = json.dumps(flight(server))
    for tail in ("{}", "x", "]"):
        refused(ask(server, "POST", "/predict", good + tail))
    assert ask(server, "POST", "/predict", f" \r\n\t{good}\n ")[0] == 200
    refused(ask(server, "POST", "/predict", json.dumps([*json.loads(good).values()])))


def test_weather_may_be_absent_or_null_and_numbers_may_be_whole(server: Served) -> None:
    absent = ask(server, "POST", "/predict", json.dumps(flight(server, temp=..., wind_speed=..., visib=..., entity=...)))
    null = ask(server, "POST", "/predict", json.dumps(flight(server, temp=None, wind_speed=None, visib=None)))
    assert absent[0] == null[0] == 200 and absent[2] == null[2]
    whole, fraction = (ask(server, "POST", "/predict", json.dumps(flight(server, distance=d))) for d in (500, 500.0))
    assert whole[2] == fraction[2]
    assert ask(server, "POST", "/predict", json.dumps(flight(server)).replace("month", "\\u006donth"))[0] == 200


def test_a_batch_is_all_or_nothing(server: Served) -> None:
    one = json.loads(server.bodies(1)[0])
    name = one["entity"] = one.get("entity") or "E0000001"
    for weather in ("temp", "wind_speed", "visib"):
        one.pop(weather, None)
    before = json.loads(ask(server, "GET", f"/entities/{name}")[2])["seen"]
    reason = refused(ask(server, "POST", "/predict/batch", json.dumps({"rows": [one, one, one | {"month": 13}]})))
    assert "rows[2]" in reason and "month" in reason
    assert json.loads(ask(server, "GET", f"/entities/{name}")[2])["seen"] == before
    status, _, found = ask(server, "POST", "/predict/batch", json.dumps({"rows": [one] * 3}))
    said = json.loads(found)
    alone = json.loads(ask(server, "POST", "/predict", json.dumps(one))[2])
    assert (
        status == 200 and said["model"] == alone["model"] and said["probabilities"] == pytest.approx([alone["probability"]] * 3, abs=1e-6)
    )
    assert json.loads(ask(server, "GET", f"/entities/{name}")[2])["seen"] == before + 4


def test_a_batch_has_1_to_1024_rows(server: Served) -> None:
    row = flight(server)
    assert "rows" in refused(ask(server, "POST", "/predict/batch", json.dumps({"rows": []})))
    assert "rows" in refused(ask(server, "POST", "/predict/batch", json.dumps({"rows": [row] * 1025})))
    status, _, body = ask(server, "POST", "/predict/batch", json.dumps({"rows": [row] * 1024}))
    assert status == 200 and len(json.loads(body)["probabilities"]) == 1024
    for wrong in ({"rows": row}, {"rows": [row], "more": 1}, {"rows": [[1]]}, {"rows": [None]}, {"row": [row]}):
        refused(ask(server, "POST", "/predict/batch", json.dumps(wrong)))


def test_a_record_counts_and_keeps_the_last_eight(server: Served) -> None:
    body = next(b for b in server.bodies(100) if json.loads(b).get("entity"))
    name = json.loads(body)["entity"]
    before = json.loads(ask(server, "GET", f"/entities/{name}")[2])["seen"]
    probability = [json.loads(ask(server, "POST", "/predict", body)[2])["probability"] for _ in range(10)][-1]
    record = json.loads(ask(server, "GET", f"/entities/{name}")[2])
    assert record == {"id": name, "seen": before + 10, "last": probability, "recent": [probability] * 8}
    fresh = json.loads(ask(server, "GET", "/entities/E0099998")[2])
    assert set(fresh) == {"id", "seen", "last", "recent"} and (fresh["seen"] or (fresh["last"], fresh["recent"]) == (None, []))
    refused(ask(server, "GET", "/entities/nobody"), 404)


def test_no_update_is_lost_under_concurrency(server: Served) -> None:
    body, name = next((b, json.loads(b)["entity"]) for b in reversed(server.bodies(300)) if json.loads(b).get("entity"))
    before = json.loads(ask(server, "GET", f"/entities/{name}")[2])["seen"]

    def many() -> None:
        for _ in range(25):
            assert ask(server, "POST", "/predict", body)[0] == 200

    threads = [threading.Thread(target=many) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert json.loads(ask(server, "GET", f"/entities/{name}")[2])["seen"] == before + 200


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [("GET", "/predict", "POST"), ("DELETE", "/predict/batch", "POST"), ("POST", "/healthz", "GET"), ("PUT", "/entities/E0000001", "GET")],
)
def test_another_method_is_told_which_there_are(server: Served, method: str, path: str, allowed: str) -> None:
    answer = ask(server, method, path)
    refused(answer, 405)
    assert allowed in answer[1]["allow"]


def test_another_path_is_not_found(server: Served) -> None:
    for path in ("/", "/nowhere", "/predict/", "/predict/batch/more", "/entities", "/entities/"):
        refused(ask(server, "GET", path), 404)


def test_health_and_metrics(server: Served) -> None:
    assert (ask(server, "GET", "/healthz")[0], json.loads(ask(server, "GET", "/healthz")[2])) == (200, {"status": "ok"})
    ask(server, "POST", "/predict", server.bodies(1)[0])
    status, headers, body = ask(server, "GET", "/metrics")
    assert status == 200 and headers["content-type"].startswith("text/plain")
    lines = body.decode().splitlines()
    counted = [line for line in lines if line.startswith("http_requests_total{") and 'code="200"' in line and 'path="/predict"' in line]
    assert len(counted) == 1 and float(counted[0].split()[-1]) >= 1
    assert any(line.startswith("http_request_duration_seconds_bucket{") for line in lines)
    assert any(line.startswith("feature_store_updates_total ") for line in lines)
    assert not [line for line in lines if "nowhere" in line], "a path that a client made up is no label"


def test_a_body_too_large_is_refused_by_its_length(server: Served) -> None:
    """Before it is read, so the answer is there although the body never comes."""
    with server.connect() as line:
        line.sendall(POST + b"Content-Length: %d\r\n\r\n{" % (100 * MIB))
        assert line.recv(100).split()[1] == b"413"


def test_a_body_too_large_is_refused_while_it_comes(server: Served) -> None:
    with server.connect() as line:
        line.sendall(POST + b"Transfer-Encoding: chunked\r\n\r\n")
        with contextlib.suppress(ConnectionError):
            for _ in range(64):
                line.sendall(b"10000\r\n" + b" " * 65536 + b"\r\n")
        with contextlib.suppress(ConnectionError):
            assert line.recv(100).split()[1] == b"413"
    assert ask(server, "GET", "/healthz")[0] == 200


def test_a_body_of_a_mebibyte_is_not_too_large(server: Served) -> None:
    good = json.dumps(flight(server))
    assert ask(server, "POST", "/predict", good + " " * (MIB - len(good)))[0] == 200


def test_a_head_too_large_is_refused(server: Served) -> None:
    with server.connect() as line:
        with contextlib.suppress(ConnectionError):
            line.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\nX-Long: " + b"a" * (20 << 10) + b"\r\n\r\n")
        answer = b""
        with contextlib.suppress(ConnectionError):
            answer = line.recv(100)
    assert not answer or answer.split()[1] in (b"400", b"431")
    assert ask(server, "GET", "/healthz", X_Long="a" * (8 << 10))[0] == 200


NO_HTTP = [b"SSH-2.0\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n", b"\x16\x03\x01\x02\x00", POST + b"Content-Length: x\r\n\r\n"]


@pytest.mark.parametrize("nonsense", NO_HTTP)
def test_what_is_no_http_ends_the_connection_alone(server: Served, nonsense: bytes) -> None:
    with server.connect(2) as line:
        line.sendall(nonsense)
        line.shutdown(socket.SHUT_WR)
        with contextlib.suppress(ConnectionError):
            answer = line.recv(100)
            assert not answer or answer.split()[1][:1] in (b"4", b"5")
    assert ask(server, "GET", "/healthz")[0] == 200


def test_one_connection_serves_many_requests_also_sent_at_once(server: Served) -> None:
    body = server.bodies(1)[0].encode()
    request = POST + b"Content-Length: %d\r\n\r\n%s" % (len(body), body)
    with server.connect() as line:
        line.sendall(request * 5)
        answers = b""
        while answers.count(b"HTTP/1.1 200") < 5 or not answers.endswith(b"}"):
            more = line.recv(65536)
            assert more, answers
            answers += more


def test_a_client_that_asks_first_is_told_to_go_on(server: Served) -> None:
    body = server.bodies(1)[0].encode()
    with server.connect() as line:
        line.sendall(POST + b"Content-Length: %d\r\nExpect: 100-continue\r\n\r\n" % len(body))
        assert line.recv(100).split()[1] == b"100"
        line.sendall(body)
        assert b"HTTP/1.1 200" in line.recv(4096)


@pytest.mark.parametrize("name", NAMES)
def test_it_drains(name: str) -> None:
    """SIGTERM finds a request half read and connections that rest: the one is answered, the others closed, and health says so."""
    with started(name) as server:
        body = server.bodies(1)[0].encode()
        with server.connect() as half, server.connect() as resting:
            half.sendall(POST + b"Content-Length: %d\r\n\r\n%s" % (len(body), body[:20]))
            resting.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
            assert served.status(resting) == 200
            time.sleep(0.3)
            server.process.terminate()
            time.sleep(0.5)
            half.sendall(body[20:])
            assert served.status(half) == 200
            assert resting.recv(4096) == b""
            with pytest.raises(OSError), server.connect(1) as late:
                late.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
                if not late.recv(100):
                    raise OSError
    assert server.code == 0, server.errors
    assert server.done["served"] == 2


@pytest.mark.parametrize("name", NAMES)
def test_what_it_says_on_the_wire_is_in_order(name: str) -> None:
    with started(name) as server:
        assert ask(server, "GET", "/healthz")[0] == 200
    names = [event["event"] for event in server.events]
    assert names == ["hello", "ready", "sample", "serving", "pauses", "stalls", "done"]
    load = next(event for event in server.events if event["event"] == "sample")
    assert load["step"] == "load" and set(load["phases"]) == {"model", "store", "first"}
    stalls = next(event for event in server.events if event["event"] == "stalls")
    assert stalls["count"] > 0


@pytest.mark.parametrize("name", NAMES)
def test_a_setting_of_the_collector_that_it_has_not_is_refused(name: str) -> None:
    with started(name, params={**served.asked()["params"], "collector": "sometimes"}) as server:
        server.process.wait(20)
    assert server.events[-1]["event"] == "error" and server.events[-1]["kind"] == "unsupported", server.events


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("missing", ["categories", "entities", "version"])
def test_a_missing_input_is_an_input_error(name: str, missing: str) -> None:
    with started(name, inputs={**served.asked()["inputs"], missing: "/nowhere/at-all"}) as server:
        server.process.wait(20)
    assert server.events[-1]["event"] == "error" and server.events[-1]["kind"] == "input", server.events
