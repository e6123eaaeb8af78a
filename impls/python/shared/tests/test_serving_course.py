"""The course of a served job: the events, the drain, the workers, the collector, and what is refused at the start."""

import json
import os
import signal
import subprocess
import time
from pathlib import Path

import pytest
from bench_protocol.failure import Failure
from servers import FLIGHT, PYTHON, RECORDS, VARIANTS, Job, interpreter, request, write_inputs
from serving import inputs as reading


@pytest.fixture(params=VARIANTS)
def variant(request):
    return request.param


@pytest.fixture
def inputs(tmp_path):
    return write_inputs(tmp_path)


def test_events_come_in_the_order_of_the_protocol(variant, inputs):
    with Job(variant, inputs) as job:
        client = job.connect()
        assert [client.predict(FLIGHT).status, client.predict({}).status, client.ask("GET", "/x").status] == [200, 400, 404]
        client.send(b"nonsense\r\n\r\n")
        assert client.answer().status == 400
        job.drain()
        assert job.end() == 0
    assert list(job.events) == ["hello", "ready", "sample", "serving", "pauses", "stalls", "done"]
    assert list(job.events["sample"]["phases"]) == ["model", "store", "first"]
    assert job.events["sample"]["units"] == len(RECORDS)
    assert job.events["done"]["served"] == 4
    assert job.events["stalls"]["count"] > 0
    lines = [json.loads(line)["message"] for line in job.stderr.splitlines()]
    assert lines == ["serving", "draining"]


def test_half_a_request_is_answered_after_SIGTERM_and_idle_connections_are_closed(variant, inputs):
    whole = request("POST", "/predict", json.dumps(FLIGHT).encode())
    with Job(variant, inputs) as job:
        idle, in_line, in_header, in_body, health = (job.connect() for _ in range(5))
        assert idle.ask("GET", "/healthz").status == 200
        parts = {in_line: 3, in_header: 40, in_body: len(whole) - 5}
        for client, cut in parts.items():
            client.send(whole[:cut])
        health.send(b"GET /healthz HTTP/1.1\r\n")
        time.sleep(0.2)
        job.drain()
        assert idle.closed()
        for client, cut in parts.items():
            client.send(whole[cut:])
            assert client.answer().status == 200
            assert client.closed()
        health.send(b"Host: x\r\n\r\n")
        answer = health.answer()
        assert (answer.status, answer.json) == (503, {"status": "draining"})
        assert job.end() == 0
    assert job.events["done"]["served"] == 5


def test_what_is_pipelined_is_answered_after_SIGTERM(variant, inputs):
    with Job(variant, inputs) as job:
        client = job.connect()
        assert client.predict(FLIGHT).status == 200
        client.send(request("GET", "/healthz") * 20)
        job.drain()
        statuses = [client.answer().status for _ in range(20)]
        assert set(statuses) <= {200, 503}
        assert client.closed()
        assert job.end() == 0
    assert job.events["done"]["served"] == 21


def test_a_server_under_load_drains_without_a_failed_request(variant, inputs):
    with Job(variant, inputs) as job:
        clients = [job.connect() for _ in range(8)]
        whole = request("POST", "/predict", json.dumps(FLIGHT).encode())
        for client in clients:
            client.send(whole)
        assert [client.answer().status for client in clients] == [200] * 8
        for client in clients:
            client.send(whole)
        job.drain()
        assert [client.answer().status for client in clients] == [200] * 8
        assert all(client.closed() for client in clients)
        assert job.end() == 0
    assert job.events["done"]["served"] == 16


def test_nothing_is_accepted_after_the_drain(variant, inputs):
    with Job(variant, inputs) as job:
        job.drain()
        job.read_until("done")
        with pytest.raises(ConnectionRefusedError):
            job.connect()


def test_several_workers_share_a_socket_and_are_reported_as_one(variant, inputs):
    with Job(variant, inputs, threads=2) as job:
        clients = [job.connect() for _ in range(16)]
        assert {client.predict(FLIGHT).status for client in clients for _ in range(5)} == {200}
        job.drain()
        assert job.end() == 0
    assert job.events["done"]["served"] == 80
    assert job.events["stalls"]["count"] == sum(job.events["stalls"]["histogram"])
    assert job.events["pauses"]["count"] == len(job.events["pauses"]["events"]) + job.events["pauses"]["dropped"]


def test_a_worker_that_dies_ends_the_job(inputs):
    with Job("asgi", inputs, threads=2) as job:
        children = Path(f"/proc/{job.process.pid}/task/{job.process.pid}/children").read_text().split()
        assert len(children) == 2
        os.kill(int(children[0]), signal.SIGKILL)
        assert job.end() == 1
    assert job.events["error"]["kind"] == "internal"


def test_a_body_that_never_comes_ends_with_the_drain(variant, inputs):
    with Job(variant, inputs) as job:
        client, begun = job.connect(), time.monotonic()
        client.send(request("POST", "/predict", json.dumps(FLIGHT).encode())[:-1])
        time.sleep(0.2)
        job.drain()
        assert job.end() == 0
        assert time.monotonic() - begun < 12


def test_one_worker_does_not_fork(variant, inputs):
    with Job(variant, inputs) as job:
        tasks = Path(f"/proc/{job.process.pid}/task")
        assert [(task / "children").read_text() for task in tasks.iterdir()] == [""]


FAILING = """
import asyncio, sys
sys.path.append(sys.argv[1])
from app import *
from serving import log
from serving.connection import State
from serving.service import Service

class Model:
    def predict(self, row):
        raise RuntimeError("the model broke")

async def ask(app, path, body, state):
    told = []
    async def receive(): return {"type": "http.request", "body": body, "more_body": False}
    async def send(message): told.append(message)
    scope = {"type": "http", "method": "POST", "path": path, "raw_path": path.encode(), "query_string": b"", "state": state}
    scope["headers"] = [(b"content-type", b"application/json")]
    try:
        await app(scope, receive, send)
    except RuntimeError as error:
        print("raised", error)
    print(told[0]["status"], told[1]["body"].decode())

log.configure()
service = Service(Model(), "v", {"carrier": {"UA": 0.0}, "origin": {"EWR": 0.0}, "dest": {"SFO": 0.0}}, {})
app = globals().get("App", globals().get("application"))(service, State(1))
state = {"service": service, "updates": None}
asyncio.run(ask(app, "/predict", sys.argv[2].encode(), state))
"""


def test_a_handler_that_fails_gives_500_and_is_logged(variant):
    command = [interpreter(variant), "-c", FAILING, PYTHON / variant, json.dumps(FLIGHT)]
    environment = {**os.environ, "PYTHONPATH": f"{PYTHON}/protocol:{PYTHON}/shared"}
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    assert '500 {"error": "internal error"}' in done.stdout
    # FastAPI's raises it again, and uvicorn logs it.
    assert "the model broke" in (done.stderr if variant == "asgi" else done.stdout)


@pytest.mark.parametrize("setting", ["default", "frozen", "off"])
def test_the_collector_is_set_once_all_is_loaded(variant, inputs, setting):
    with Job(variant, inputs, params={"entities": len(RECORDS), "collector": setting}) as job:
        client = job.connect()
        for _ in range(300):
            client.predict({})
        job.drain()
        assert job.end() == 0
    since = job.events["serving"]["now_ns"]
    full = [pause for pause in job.events["pauses"]["events"] if pause["start_ns"] > since]
    assert setting != "off" or not full


@pytest.mark.parametrize(
    ("changes", "kind"),
    [
        ({"params": {"entities": 2, "collector": "50"}}, "unsupported"),
        ({"params": {"entities": 3}}, "input"),
        ({"params": {"entities": "2"}}, "input"),
        ({"serve": None}, "unsupported"),
        ({"inputs": {}}, "input"),
        ({"serve": {"host": "127.0.0.1", "port": 0, "connections": 1 << 40}}, "internal"),
    ],
)
def test_what_cannot_be_served_is_refused(variant, inputs, changes, kind):
    with Job(variant, **{"inputs": inputs} | changes) as job:
        assert job.end() == 1
    assert job.events["error"]["kind"] == kind
    assert "\n" not in job.events["error"]["message"]


BROKEN = {
    "onnx": [b"", b"\x08\x08"],
    "categories": [
        b"",
        b"[]",
        b'{"carrier": ["AA"]}',
        b'{"carrier": [], "origin": ["a"], "dest": ["b"]}',
        b'{"carrier": [1], "origin": ["a"], "dest": ["b"]}',
        b"\xff",
    ],
    "version": [b"", b"a\nb\n", b"\xff"],
    "entities": [b"", b"id,temp\n", b"id,temp,wind_speed,visib\nE0,1,2\nE1,1,2,3\n", b"id,temp,wind_speed,visib\nE0,1,x,3\nE1,1,2,3\n"],
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_input_is_named(inputs, name):
    for content in BROKEN[name]:
        Path(inputs[name]).write_bytes(content)
        with Job("asgi", inputs) as job:
            assert job.end() == 1
        assert job.events["error"]["kind"] == "input"
        assert inputs[name] in job.events["error"]["message"]


def test_a_record_that_is_there_twice_is_named_by_its_line(tmp_path):
    path = tmp_path / "entities"
    path.write_text("id,temp,wind_speed,visib\nE0,,,\nE0,1,2,3\n")
    with pytest.raises(Failure, match="line 3"):
        reading.store(path, 2)


def test_weather_that_is_not_known_is_nan(tmp_path):
    path = tmp_path / "entities"
    path.write_text("id,temp,wind_speed,visib\nE0,,1,\n")
    record = reading.store(path, 1)["E0"]
    assert (record.temp != record.temp, record.wind_speed, record.seen, record.last, record.recent) == (True, 1.0, 0, None, [])
