"""The API of request-server over real sockets, the same table for every Python server."""

import json
import math
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from servers import CATEGORIES, FLIGHT, RECORDS, VARIANTS, WEATHER, Job, probability, write_inputs


@pytest.fixture(scope="module", params=VARIANTS)
def job(request, tmp_path_factory):
    with Job(request.param, write_inputs(tmp_path_factory.mktemp("inputs"))) as job:
        yield job
        job.drain()
        assert job.end() == 0
    # Whatever clients have done, the server itself had no error.
    assert [json.loads(line)["message"] for line in job.stderr.splitlines()] == ["serving", "draining"]


@pytest.fixture
def client(job):
    return job.connect()


LAWFUL = {
    "least": FLIGHT,
    "no weather": FLIGHT | dict.fromkeys((*WEATHER, "entity")),
    "weather": FLIGHT | {"temp": -10, "wind_speed": 0.5, "visib": 1000},
    "ends of ranges": FLIGHT | {"month": 12, "weekday": 1, "minute_of_day": 0, "distance": 10000, "temp": -1000},
    "letters": FLIGHT | {"dest": "ÅÄÖ"},
    "small": FLIGHT | {"distance": 1e-300},
}
WRONG = [
    *(("month", value) for value in (0, 13, 5.0, 1e0, True, "5", None, [5], {}, math.nan, 10**30, -5)),
    *(("weekday", value) for value in (0, 8, 1.5)),
    *(("minute_of_day", value) for value in (-1, 1440)),
    *(("distance", value) for value in (0, -1, 10000.5, math.inf, math.nan, "1", True, None, 10**400)),
    *((name, value) for name in CATEGORIES for value in ("ZZ", "", None, 5, "ua")),
    *((name, value) for name in WEATHER for value in (1000.5, -1001, "1", False, math.nan, [])),
    *(("entity", value) for value in ("none", "", 5, "E0000000 ")),
    ("more", 1),
]
BROKEN = {
    "empty": b"",
    "cut off": json.dumps(FLIGHT).encode()[:-1],
    "more after it": json.dumps(FLIGHT).encode() + b"x",
    "array": b"[1]",
    "number": b"5",
    "null": b"null",
    "text": b'"month"',
    "not UTF-8": json.dumps(FLIGHT).encode().replace(b"UA", b"\xff\xfe"),
    "UTF-16": json.dumps(FLIGHT).encode("utf-16"),
    "UTF-32": json.dumps(FLIGHT).encode("utf-32"),
    "mark": b"\xef\xbb\xbf" + json.dumps(FLIGHT).encode(),
    "half of a pair as a name": json.dumps(FLIGHT).encode().replace(b'"UA"', b'"\\ud800"'),
    "half of a pair as a field": json.dumps(FLIGHT).encode().replace(b'"UA"', b'"UA", "\\ud800": 1'),
    "deep": b"[" * 200_000,
    "deep in a field": json.dumps(FLIGHT).encode()[:-1] + b', "x": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    "long number": json.dumps(FLIGHT).encode().replace(b"2565", b"9" * 10_000),
    "leading zero": json.dumps(FLIGHT).encode().replace(b"2565", b"02565"),
}


@pytest.mark.parametrize("name", LAWFUL)
def test_a_lawful_flight_gets_its_probability(client, name):
    answer = client.predict(LAWFUL[name])
    assert answer.status == 200
    assert answer.json == {"probability": pytest.approx(probability(LAWFUL[name]), rel=1e-5), "model": "test-1"}


def test_the_same_body_gets_the_same_bytes(client):
    bodies = [FLIGHT, FLIGHT | {"entity": "E0000001"}]
    first = [client.predict(body).body for body in bodies]
    assert [[client.predict(body).body for body in bodies] for _ in range(5)] == [first] * 5


@pytest.mark.parametrize(("field", "value"), WRONG)
def test_a_wrong_field_is_named(client, field, value):
    answer = client.predict(FLIGHT | {field: value})
    assert answer.status == 400
    assert list(answer.json) == ["error"]
    if not (isinstance(value, float) and not math.isfinite(value)):  # which is no JSON at all
        assert field in answer.json["error"]
    assert "\n" not in answer.json["error"]


@pytest.mark.parametrize("field", FLIGHT)
def test_a_missing_field_is_named(client, field):
    answer = client.predict({name: value for name, value in FLIGHT.items() if name != field})
    assert (answer.status, field in answer.json["error"]) == (400, True)


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_body_is_refused_and_the_connection_lives(client, name):
    assert client.predict(BROKEN[name]).status == 400
    assert client.predict(FLIGHT).status == 200


@pytest.mark.parametrize("path", ["/predict", "/predict/batch"])
def test_weather_and_an_entity_exclude_each_other(client, path):
    body = FLIGHT | {"entity": "E0000000", "visib": 1}
    asked = body if path == "/predict" else {"rows": [body]}
    answer = client.ask("POST", path, json.dumps(asked).encode())
    assert (answer.status, "visib" in answer.json["error"]) == (400, True)


def test_an_entity_has_the_weather_and_is_updated(client):
    before = client.ask("GET", "/entities/E0000000").json
    body = FLIGHT | {"entity": "E0000000"}
    for month in range(1, 11):
        assert client.predict(body | {"month": month}).json["probability"] == pytest.approx(probability(body | {"month": month}), rel=1e-5)
    after = client.ask("GET", "/entities/E0000000").json
    assert (after["id"], after["seen"]) == ("E0000000", before["seen"] + 10)
    assert after["recent"] == pytest.approx([probability(body | {"month": month}) for month in range(3, 11)], rel=1e-5)
    assert after["last"] == after["recent"][-1]


def test_a_batch_is_answered_in_order(client):
    rows = [FLIGHT | {"month": 1 + n % 12} for n in range(1024)]
    answer = client.ask("POST", "/predict/batch", json.dumps({"rows": rows}).encode())
    assert answer.json["probabilities"] == pytest.approx([probability(row) for row in rows], rel=1e-5)
    assert answer.json["model"] == "test-1"


@pytest.mark.parametrize("rows", [[], [FLIGHT] * 1025, {}, None, [5], "rows"])
def test_a_batch_of_none_or_too_many_is_refused(client, rows):
    answer = client.ask("POST", "/predict/batch", json.dumps({"rows": rows}).encode())
    assert (answer.status, "rows" in answer.json["error"]) == (400, True)


@pytest.mark.parametrize("change", [{"month": 13}, {"origin": "ZZ"}, {"entity": "none"}, {"weekday": "1"}, {"distance": 0}])
def test_a_batch_with_one_mistake_changes_nothing(client, change):
    before = client.ask("GET", "/entities/E0000001").json["seen"]
    rows = [FLIGHT | {"entity": "E0000001"}] * 3 + [FLIGHT | change]
    answer = client.ask("POST", "/predict/batch", json.dumps({"rows": rows}).encode())
    (field,) = change
    assert (answer.status, f"rows[3].{field}" in answer.json["error"]) == (400, True)
    assert client.ask("GET", "/entities/E0000001").json["seen"] == before


def test_an_entity_before_its_first_prediction(tmp_path):
    with Job("asgi", write_inputs(tmp_path)) as job:
        assert job.connect().ask("GET", "/entities/E0000001").json == {"id": "E0000001", "seen": 0, "last": None, "recent": []}


@pytest.mark.parametrize(
    "path", ["/", "/predict/", "/predictx", "/docs", "/openapi.json", "/entities", "/entities/", "/entities/a/b", "/%00", "//"]
)
def test_an_unknown_path_is_404(client, path):
    answer = client.ask("GET", path)
    assert (answer.status, list(answer.json)) == (404, ["error"])


@pytest.mark.parametrize("name", ["none", "E%20", "%ff", "%E2%82%AC"])
def test_an_unknown_entity_is_404(client, name):
    assert client.ask("GET", f"/entities/{name}").status == 404


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("GET", "/predict", "POST"),
        ("PUT", "/predict/batch", "POST"),
        ("POST", "/healthz", "GET"),
        ("DELETE", "/metrics", "GET"),
        ("PATCH", "/entities/E0000000", "GET"),
        ("OPTIONS", "/predict", "POST"),
    ],
)
def test_another_method_is_405_with_allow(client, method, path, allowed):
    answer = client.ask(method, path, b"{}")
    assert (answer.status, answer.headers["allow"], list(answer.json)) == (405, allowed, ["error"])
    assert client.ask("GET", "/healthz").status == 200


def test_a_body_too_large_by_its_length_is_refused_before_it_comes(client):
    client.send(
        b"POST /predict HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nExpect: 100-continue\r\nContent-Length: 1048577\r\n\r\n"
    )
    assert (answer := client.answer()).status == 413
    assert list(answer.json) == ["error"]
    assert client.closed()


def test_a_client_that_sends_a_large_body_gets_to_read_why_not(client):
    assert client.predict(b" " * (3 << 20)).status == 413


def test_a_body_of_just_the_limit_is_read(client):
    body = json.dumps(FLIGHT).encode()
    assert client.predict(body + b" " * ((1 << 20) - len(body))).status == 200


def test_a_body_too_large_in_chunks_is_refused(client):
    client.send(b"POST /predict HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n")
    for _ in range(17):
        client.send(b"10000\r\n" + b" " * 0x10000 + b"\r\n")
    assert client.answer().status == 413


def test_a_body_in_chunks_is_read(client):
    body = json.dumps(FLIGHT).encode()
    client.send(b"POST /predict HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n")
    for part in (body[:10], body[10:]):
        client.send(b"%x\r\n%b\r\n" % (len(part), part))
    client.send(b"0\r\n\r\n")
    assert client.answer().status == 200


def test_expect_100_continue(client):
    body = json.dumps(FLIGHT).encode()
    client.send(b"POST /predict HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nExpect: 100-continue\r\n")
    client.send(b"Content-Length: %d\r\n\r\n" % len(body))
    assert client.answer().status == 100
    client.send(body)
    assert client.answer().status == 200


@pytest.mark.parametrize("lines", [["X: " + "a" * 20_000], ["X: a"] * 3_000, ["X" * 20_000 + ": a"]])
def test_a_header_too_large_is_431(client, lines):
    answer = client.ask("GET", "/healthz", None, *lines)
    assert (answer.status, list(answer.json)) == (431, ["error"])


def test_a_path_too_large_is_431(client):
    assert client.ask("GET", "/" + "a" * 20_000).status == 431


def test_a_header_too_large_that_never_ends_is_431(client):
    client.send(b"GET /healthz HTTP/1.1\r\nX: ")
    client.send(b"a" * 10_000)
    client.send(b"a" * 10_000)
    assert client.answer().status == 431


def test_a_header_in_one_large_packet_that_never_ends_is_431(client):
    client.send(b"GET /healthz HTTP/1.1\r\nX: " + b"a" * 20_000)
    assert client.answer().status == 431


def test_a_header_in_two_packets_may_bring_a_large_body(client):
    client.send(b"POST /predict HTTP/1.1\r\nHost: x\r\n")
    time.sleep(0.05)
    body = json.dumps(FLIGHT).encode() + b" " * 200_000
    client.send(b"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
    assert client.answer().status == 200


def test_a_header_that_does_not_come_in_time_is_408(job):
    slow, begun = job.connect(), time.monotonic()
    slow.send(b"GET /healthz HTTP/1.1\r\n")
    assert slow.answer().status == 408
    assert 9.5 < time.monotonic() - begun < 14
    assert slow.closed()


def test_a_header_below_the_limit_is_read(client):
    assert client.ask("GET", "/healthz", None, "X: " + "a" * 15_000).status == 200


def test_no_HTTP_is_400_in_JSON(client):
    client.send(b"nonsense\r\n\r\n")
    assert (answer := client.answer()).status == 400
    assert list(answer.json) == ["error"]


def test_pipelined_requests_are_answered_in_order(client):
    paths = ["/healthz", "/entities/none", "/predict"] * 5
    client.send(b"".join(b"GET %b HTTP/1.1\r\nHost: x\r\n\r\n" % path.encode() for path in paths))
    assert [client.answer().status for _ in paths] == [200, 404, 405] * 5


def test_connections_too_many_get_503(job):
    crowd = [job.connect() for _ in range(8 + 64 + 1)]
    statuses = [client.ask("GET", "/healthz").status for client in crowd]
    assert set(statuses) == {200, 503}
    for client in crowd:
        client.file.close()
        client.socket.close()


def test_no_update_is_lost_among_many_clients(job):
    before = job.connect().ask("GET", "/entities/E0000001").json["seen"]

    def ask(_):
        client = job.connect()
        return [client.predict(FLIGHT | {"entity": "E0000001"}).status for _ in range(50)]

    with ThreadPoolExecutor(8) as pool:
        assert {status for statuses in pool.map(ask, range(8)) for status in statuses} == {200}
    assert job.connect().ask("GET", "/entities/E0000001").json["seen"] == before + 400


def test_metrics_count_what_was_answered(job, client):
    def figures():
        answer = client.ask("GET", "/metrics")
        assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
        lines = [line for line in answer.body.decode().splitlines() if not line.startswith("#")]
        return {name: float(value) for name, _, value in (line.rpartition(" ") for line in lines)}

    before = figures()
    client.predict(FLIGHT | {"entity": "E0000000"})
    client.predict({})
    client.ask("GET", "/nowhere")
    after = figures()
    grown = {name: after[name] - before.get(name, 0) for name in after}
    assert grown['http_requests_total{code="200",path="/predict"}'] == 1
    assert grown['http_requests_total{code="400",path="/predict"}'] == 1
    assert grown['http_requests_total{code="404",path="other"}'] == 1
    assert grown["feature_store_updates_total"] == 1
    assert grown['http_request_duration_seconds_bucket{le="+Inf"}'] == 4  # the first look at the figures, too
    assert "python_gc_collections_total" in " ".join(after)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(), lambda x: st.lists(x) | st.dictionaries(st.text(), x)
)
ROUGHLY = {
    "month": st.integers(-1, 14),
    "weekday": st.integers(0, 8),
    "minute_of_day": st.integers(-1, 1440),
    "distance": st.floats(-1, 10_001) | st.integers(0, 10_001),
    **{name: st.sampled_from([*known, "ZZ"]) for name, known in CATEGORIES.items()},
    **{name: st.none() | st.floats(-1001, 1001) for name in WEATHER},
    "entity": st.none() | st.sampled_from([*RECORDS, "none"]),
}
BODIES = st.fixed_dictionaries({}, optional=ROUGHLY) | st.builds(
    lambda change: FLIGHT | change, st.dictionaries(st.sampled_from([*ROUGHLY]), JSON)
)


def lawful(body):
    """The contract's words, in the slowest way."""

    def whole(name, least, most):
        return type(body.get(name)) is int and least <= body[name] <= most

    def number(value, most):
        return type(value) in {int, float} and math.isfinite(value) and abs(value) <= most

    return (
        set(FLIGHT) <= set(body) <= set(ROUGHLY)
        and whole("month", 1, 12)
        and whole("weekday", 1, 7)
        and whole("minute_of_day", 0, 1439)
        and number(body["distance"], 10_000)
        and body["distance"] > 0
        and all(type(body[name]) is str and body[name] in known for name, known in CATEGORIES.items())
        and all(body.get(name) is None or number(body[name], 1000) for name in WEATHER)
        and (
            body.get("entity") is None
            or (type(body["entity"]) is str and body["entity"] in RECORDS and not any(body.get(w) is not None for w in WEATHER))
        )
    )


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(body=BODIES)
def test_any_body_is_answered_or_refused_as_the_contract_says(client, body):
    answer = client.predict(body)
    if lawful(body):
        assert answer.status == 200
        assert answer.json["probability"] == pytest.approx(probability(body), rel=1e-5, abs=1e-5)
    else:
        assert (answer.status, list(answer.json)) == (400, ["error"])
