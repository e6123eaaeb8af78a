"""The wire: a lawful transcript is taken whole, however it is cut; everything else ends as a ProtocolError that names the line."""

import json
import math
from contextlib import suppress
from itertools import pairwise
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from makers import TIMING, job, transcript, wire

from harness.plan import expected_samples
from harness.protocol import LINE_LIMIT, ProtocolError, Transcript, request

OWED = expected_samples(job())
GOOD = wire(transcript())
HELLO, READY, LOAD, FIRST, PAUSES, STALLS, DONE = 0, 1, 2, 3, 7, 8, 9


def read(data: bytes, answers: bool = False) -> Transcript:
    said = Transcript(list(OWED), owed_answers=("s1", "s2") if answers else ())
    said.feed(data)
    said.end()
    return said


def changed(line: int, **fields: Any) -> bytes:
    events = transcript()
    events[line] |= fields
    return wire(events)


def without(*lines: int) -> bytes:
    return wire([e for n, e in enumerate(transcript()) if n not in lines])


def reordered(line: int, to: int) -> bytes:
    events = transcript()
    events.insert(to, events.pop(line))
    return wire(events)


def test_a_lawful_transcript_is_taken_whole() -> None:
    said = read(GOOD)
    assert said.done and said.hello and said.threads == 1 and said.pauses and said.stalls and said.usage
    assert said.hello.runtime == "X 1"
    assert [(s.step, s.number, s.warmup) for s in said.samples] == [
        ("load", 1, False), ("s1", 1, True), ("s1", 2, False), ("s2", 1, True), ("s2", 2, False)
    ]  # fmt: skip
    assert said.samples[1].check and said.samples[1].check.sums == {"v": 3.5} and said.samples[1].phases == {"scan": 100}
    assert said.pauses.events[0].kind == "full" and said.usage.runtime_memory == {"heap": 50}


def test_answers_are_taken_where_they_were_asked_for() -> None:
    assert read(wire(transcript(answers=True)), answers=True).answers == {"s1": "00", "s2": "00"}


UNLAWFUL = {
    "nothing at all": (b"", "output ended after nothing; 'hello' is missing"),
    "an empty line": (b"\n", "line 1 is no event"),
    "prose": (b"Loading ...\n", "line 1 is no event"),
    "an array": (b"[1]\n", "line 1 is no event"),
    "no UTF-8": (b'{"event":"error","kind":"\xff","message":""}\n', "line 1 is not UTF-8"),
    "a byte order mark": (b"\xef\xbb\xbf" + GOOD, "line 1 is no event"),
    "an unknown event": (wire([{"event": "hullo"}]), "line 1 is no event"),
    "another protocol": (changed(HELLO, protocol=2), "line 1: it speaks protocol 2"),
    "no hello": (without(HELLO), "line 1: 'ready' before 'hello'"),
    "two hellos": (wire([transcript()[0]] * 2), "line 2: a second 'hello'"),
    "no ready": (without(READY), "line 2: sample 0 .*before 'ready'"),
    "two readies": (wire(transcript()[:2] + transcript()[1:2]), "line 3: a second 'ready'"),
    "no load": (without(LOAD), "line 3: sample 1 .*out of order, 0 of 5"),
    "a pass left out": (without(FIRST), "line 4: sample 2 .*out of order, 1 of 5"),
    "another step than owed": (changed(FIRST, step="s2"), "line 4: sample 1 .*s1, pass 1 was owed, as warm-up"),
    "another pass than owed": (changed(FIRST, **{"pass": 2}), "line 4: sample 1 .*s1, pass 1 was owed, as warm-up"),
    "more samples than owed": (wire([*transcript()[:7], {**transcript()[6], "index": 5}]), "line 8: sample 5 .*out of order"),
    "a pass called warm-up that is not": (changed(4, warmup=True), "line 5: sample 2 .*warm-up"),
    "queries longer than their pass": (changed(FIRST, queries=[10**9, 1]), "line 4: sample 1 .*its queries take"),
    "an overlap": (changed(FIRST, start_ns=1499), "line 4: sample 1 .*overlaps"),
    "negative time": (changed(FIRST, wall_ns=-1), "line 4 is no event.*wall_ns"),
    "a time that no clock shows": (changed(FIRST, wall_ns=10**400), "line 4 is no event.*wall_ns"),
    "a time with a fraction": (changed(FIRST, wall_ns=0.5), "line 4 is no event.*wall_ns"),
    "a truth value for a number": (changed(FIRST, units=True), "line 4 is no event.*units"),
    "no check": (changed(FIRST, check=None), "line 4: sample 1 .*no check"),
    "a check that is NaN": (changed(FIRST, check={"rows": 1, "sums": {"v": math.nan}}), "line 4 is no event"),
    "an infinite check": (changed(FIRST, check={"rows": 1, "sums": {"v": math.inf}}), "line 4 is no event"),
    "a check beyond a float": (changed(FIRST, check={"rows": 1, "sums": {"v": 10**400}}), "line 4 is no event"),
    "a check with fewer than no rows": (changed(FIRST, check={"rows": -1, "sums": {}}), "line 4 is no event.*rows"),
    "a pause without a length": (changed(PAUSES, events=[{"start_ns": 1}]), "line 8 is no event.*wall_ns"),
    "pauses before the last sample": (reordered(PAUSES, 6), "line 7: 'pauses' although the sample of s2, pass 2"),
    "stalls before ready": (reordered(STALLS, 1), "line 2: 'stalls' although 'ready' is missing"),
    "two stalls": (wire(transcript()[:9] + transcript()[8:9]), "line 10: a second 'stalls'"),
    "done too early": (wire([*transcript()[:4], transcript()[DONE]]), "line 5: 'done' although the sample of s1, pass 2, is missing"),
    "done without pauses": (without(PAUSES), "line 9: 'done' although 'pauses' is missing"),
    "done without stalls": (without(STALLS), "line 9: 'done' although 'stalls' is missing"),
    "a field left out": (wire([{"event": "hello", "protocol": 1}]), "line 1 is no event.*language"),
    "something after done": (GOOD + b'{"event":"error","kind":"x","message":""}\n', "line 11 comes after the last event"),
    "an end in the middle": (wire(transcript()[:4]), "output ended after 'sample'; the sample of s1, pass 2, is missing"),
    "a line cut off": (GOOD[:-2], "line 10 is cut off"),
    "an answer that nobody asked for": (wire(transcript(answers=True)), "line 6: an answer of 's1' that was not asked for"),
    "deep nesting": (b'{"event":"error","x":' + b"[" * 200_000 + b"\n", "line 1 is no event"),
    "a line without end": (b"x" * (LINE_LIMIT + 1), "line 1 is longer than 8 MiB"),
    "a line too long": (b"x" * (LINE_LIMIT + 1) + b"\n", "line 1 is longer than 8 MiB"),
}  # fmt: skip


@pytest.mark.parametrize(("data", "reason"), UNLAWFUL.values(), ids=UNLAWFUL.keys())
def test_what_is_unlawful_is_refused_with_its_reason(data: bytes, reason: str) -> None:
    with pytest.raises(ProtocolError, match=reason) as refused:
        read(data)
    assert len(str(refused.value)) < 600


@pytest.mark.parametrize(
    ("events", "reason"),
    [
        ([*transcript(True)[:5], transcript(True)[5]], "line 6: an answer of 's1'.*not due"),
        ([*transcript(True)[:4], transcript(True)[5]], "line 5: an answer of 's1'.*not due"),
        ([*transcript(True)[:6], transcript(True)[5]], "line 7: an answer of 's1'.*came before"),
        ([*transcript(True)[:3], {**transcript(True)[5], "step": "load"}], "line 4: an answer of 'load'"),
        ([e for e in transcript(True) if e.get("path") != "/out/s2.csv"], "line 11: 'done' although the answer of s2 is missing"),
    ],
    ids=["of the first pass", "of a step not begun", "twice", "of load", "left out"],
)
def test_answers_are_refused_where_they_are_not_due(events: list[dict[str, Any]], reason: str) -> None:
    if "not due" in reason and events[4]["event"] == "sample":
        events = [*events[:4], events[-1]]
        reason = "line 5" + reason[6:]
    with pytest.raises(ProtocolError, match=reason):
        read(wire(events), answers=True)


def test_the_longest_lawful_line_is_taken() -> None:
    line = b'{"event":"error","kind":"internal","message":"' + b"m" * (LINE_LIMIT - 48) + b'"}\n'
    assert len(line) == LINE_LIMIT + 1
    assert read(line).error == ("internal", "m" * (LINE_LIMIT - 48))


def test_an_error_ends_a_transcript_at_any_point() -> None:
    gone = {"event": "error", "kind": "memory", "message": "no more"}
    for length in range(10):
        said = read(wire([*transcript()[:length], gone]))
        assert said.error == ("memory", "no more") and not said.done


def test_unknown_fields_are_passed_over() -> None:
    assert read(changed(HELLO, later="1", nested={"a": [1]})).done


@given(st.binary(max_size=300))
def test_no_bytes_raise_anything_but_a_protocol_error(data: bytes) -> None:
    for prefix in (b"", GOOD[:400]):
        with suppress(ProtocolError):
            assert read(prefix + data).error


@given(st.lists(st.integers(0, len(GOOD)), max_size=12))
def test_where_a_stream_is_cut_changes_nothing(cuts: list[int]) -> None:
    said, names = Transcript(list(OWED)), []
    edges = [0, *sorted(cuts), len(GOOD)]
    for start, end in pairwise(edges):
        names += said.feed(GOOD[start:end])
    said.end()
    assert names == [e["event"] for e in transcript()]
    assert said == read(GOOD)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5), lambda inner: st.lists(inner, max_size=3), max_leaves=5
)
EVENTS = st.sampled_from(transcript(answers=True))


@st.composite
def nearly_lawful(draw: st.DrawFn) -> bytes:
    """Events in any order, some with a field spoilt, left out or added."""
    events = [dict(e) for e in draw(st.lists(EVENTS, max_size=6))] if draw(st.booleans()) else transcript(answers=draw(st.booleans()))
    for event in draw(st.lists(st.sampled_from(events), max_size=3)) if events else []:
        key = draw(st.sampled_from([*event, "other"]))
        event[key] = draw(JSON)
        if draw(st.booleans()):
            del event[key]
    return wire(events)


@given(nearly_lawful(), st.booleans())
def test_a_transcript_never_ends_done_with_a_sample_missing(data: bytes, answers: bool) -> None:
    said = Transcript(list(OWED), owed_answers=("s1", "s2") if answers else ())
    with suppress(ProtocolError):
        said.feed(data)
    assert [(s.step, s.number, s.warmup) for s in said.samples] == OWED[: len(said.samples)]
    if said.done:
        assert len(said.samples) == len(OWED) and said.pauses and said.stalls
        assert set(said.answers) == ({"s1", "s2"} if answers else set())


@given(nearly_lawful())
def test_whatever_is_taken_can_be_written_and_computed_with(data: bytes) -> None:
    said = Transcript(list(OWED))
    with suppress(ProtocolError):
        said.feed(data)
    assert msgspec.json.decode(msgspec.json.encode((said.hello, said.samples, said.pauses, said.stalls, said.usage)))
    assert all(math.isfinite(s.wall_ns / 1e9) for s in said.samples)


def test_a_step_that_writes_owes_no_answer_and_may_give_none() -> None:
    said = Transcript(list(OWED), owed_answers=("s2",))
    events = transcript(answers=True)
    said.feed(wire([e for e in events if e.get("path") != "/out/s1.csv"]))
    said.end()
    assert set(said.answers) == {"s2"}
    with pytest.raises(ProtocolError, match="an answer of 's1' that was not asked for"):
        Transcript(list(OWED), owed_answers=("s2",)).feed(wire(events))


def test_only_a_server_is_told_where_to_listen() -> None:
    asked = json.loads(request(job(), {}, {}, TIMING, None, None, connections=32))
    assert asked["serve"] == {"host": "127.0.0.1", "port": 0, "connections": 32}


def server(data: bytes) -> Transcript:
    said = Transcript(OWED[:1], serves=True)
    said.feed(data)
    said.end()
    return said


def served(**fields: Any) -> list[dict[str, Any]]:
    events = transcript()
    return [*events[: LOAD + 1], {"event": "serving", "port": 8000, "now_ns": 5, **fields}, *events[PAUSES:-1], {**events[-1], "served": 9}]


def test_a_server_says_its_port_and_how_much_it_has_served() -> None:
    said = server(wire(served()))
    assert said.done and said.port == 8000 and said.served == 9


@pytest.mark.parametrize(
    ("events", "why"),
    [
        ([e for e in served() if e["event"] != "serving"], "'serving' is missing"),
        ([*served()[: LOAD + 1], served()[LOAD + 1], *served()[LOAD + 1 :]], "a second 'serving'"),
        ([e for n, e in enumerate(served()) if n != LOAD], "which was not asked for or is not due yet"),
        (served(port=0), "is no event"),
        (served(port=65536), "is no event"),
    ],
)
def test_a_server_that_speaks_out_of_turn(events: list[dict[str, Any]], why: str) -> None:
    with pytest.raises(ProtocolError, match=why):
        server(wire(events))


def test_who_was_not_asked_to_serve_may_not() -> None:
    with pytest.raises(ProtocolError, match="which was not asked for"):
        read(wire(served()))


def test_a_request_says_all_that_the_page_promises() -> None:
    line = request(job(), {"rows": 5}, {"table": "/data/table.csv"}, TIMING, "/out", "/outputs")
    assert line.endswith(b"}\n") and line.count(b"\n") == 1
    assert json.loads(line) == {
        "protocol": 1, "workload": "sums", "inputs": {"table": "/data/table.csv"}, "params": {"rows": 5}, "steps": ["s1", "s2"],
        "warmup": 1, "timed": 1, "threads": 1, "seed": 7, "time_limit_s": 120, "answers": "/out", "outputs": "/outputs",
        "meter": {"interval_ns": 10_000_000, "threshold_ns": 8_000_000}, "turns": False,
    }  # fmt: skip


@given(
    st.dictionaries(st.text(), st.text(), max_size=3),
    st.dictionaries(st.text(), st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False, allow_infinity=False) | st.text(), max_size=3),
    st.integers(0, 2**63 - 1),
)
def test_any_request_comes_back_as_it_was(inputs: dict[str, str], params: dict[str, int | float | str], seed: int) -> None:
    line = request(job(seed=seed), params, inputs, TIMING, None)
    back = json.loads(line)
    assert line.count(b"\n") == 1
    assert (back["inputs"], back["params"], back["seed"], back["answers"], back["outputs"]) == (inputs, params, seed, None, None)
