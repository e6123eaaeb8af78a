"""The course of a job, seen from the other end of the pipe."""

import hashlib
import json
import select
from pathlib import Path

import pytest


def test_an_empty_input_gets_hello_and_exit_0(run):
    outcome = run(None)
    assert [event["event"] for event in outcome.events] == ["hello"]
    assert outcome.code == 0
    hello = outcome.events[0]
    assert (hello["protocol"], hello["language"], hello["variant"]) == (1, "python", "json")
    assert hello["libraries"] == {"pytest": pytest.__version__}


def test_events_come_in_the_order_of_the_protocol(run, request_of):
    outcome = run(request_of(meter={"interval_ns": 1_000_000, "threshold_ns": 8_000_000}))
    names = [event["event"] for event in outcome.events]
    assert names == ["hello", "ready", "sample", "sample", "sample", "sample", "pauses", "stalls", "done"]
    assert outcome.code == 0
    assert "chatter of a library" in outcome.stderr


def test_samples_are_counted_and_lie_on_one_clock(run, request_of):
    outcome = run(request_of())
    samples = outcome.of("sample")
    assert [(s["index"], s["step"], s["pass"], s["warmup"]) for s in samples] == [
        (0, "load", 1, False),
        (1, "total", 1, True),
        (2, "total", 2, False),
        (3, "total", 3, False),
    ]
    assert samples[0]["check"] is None
    assert samples[3]["check"] == {"rows": 1, "sums": {"value": 0.1 + 0.2}}
    assert {s["units"] for s in samples} == {2}
    ends = [s["start_ns"] + s["wall_ns"] for s in samples]
    assert all(end <= later["start_ns"] for end, later in zip(ends, samples[1:], strict=False))
    assert outcome.of("ready")[0]["now_ns"] <= samples[0]["start_ns"]
    assert ends[-1] <= outcome.of("done")[0]["now_ns"]


def test_each_pass_waits_for_its_turn(start, request_of):
    with start() as process:
        told = lambda line: (process.stdin.write(json.dumps(line) + "\n"), process.stdin.flush())  # noqa: E731
        told(request_of(turns=True))
        heard = [json.loads(process.stdout.readline()) for _ in range(3)]
        for index in (1, 2, 3):
            assert heard[-1]["event"] == "sample" and heard[-1]["index"] == index - 1
            assert not select.select([process.stdout], [], [], 0.1)[0], "it works before its turn"
            told({"turn": index})
            heard.append(json.loads(process.stdout.readline()))
        process.stdin.close()
        assert [json.loads(line)["event"] for line in process.stdout] == ["pauses", "done"]


def test_at_the_end_of_its_input_it_waits_no_longer(run, request_of):
    assert len(run(request_of(turns=True)).of("sample")) == 4


def test_a_collection_in_a_step_is_a_pause_within_it(run, request_of):
    outcome = run(request_of())
    pauses = outcome.of("pauses")[0]
    step = outcome.of("sample")[3]
    within = [p for p in pauses["events"] if step["start_ns"] <= p["start_ns"] <= step["start_ns"] + step["wall_ns"]]
    assert [p["kind"] for p in within] == ["gen2"]
    assert pauses["count"] == len(pauses["events"]) + pauses["dropped"]
    assert 0 < pauses["cpu_share"] < 1


def test_an_answer_reads_back_the_same(run, request_of, tmp_path):
    outcome = run(request_of(answers=str(tmp_path)))
    answer = outcome.of("answer")[0]
    content = Path(answer["path"]).read_bytes()
    assert content == b"name,value\n,0.30000000000000004\n"
    assert answer["sha256"] == hashlib.sha256(content).hexdigest()
    assert (answer["step"], answer["rows"]) == ("total", 1)


def test_what_a_pass_wrote_is_kept_when_it_has_succeeded(run, request_of, tmp_path):
    outputs = tmp_path / "outputs"
    outputs.mkdir()
    (outputs / "publish.old.csv").write_text("of an earlier job")
    outcome = run(request_of(outputs=str(outputs), answers=str(tmp_path), steps=["publish", "total"]))
    assert outcome.code == 0
    assert sorted(file.name for file in outputs.iterdir()) == ["publish.csv", "publish.rest.csv"]
    assert (outputs / "publish.csv").read_text() == "value\n0.30000000000000004\n"
    assert [answer["step"] for answer in outcome.of("answer")] == ["total"]
    assert [s["phases"] for s in outcome.of("sample")] == [{"lines": 2}] + [{"adding": 7}] * 3 + [{}] * 3


def test_queries_are_told_where_a_step_has_them(run, request_of, tmp_path):
    outcome = run(request_of(outputs=str(tmp_path), steps=["publish", "total"]))
    assert [s.get("queries") for s in outcome.of("sample")] == [None] * 4 + [[3, 5]] * 3


def test_a_pass_that_fails_leaves_nothing_behind(run, request_of, tmp_path):
    outputs = tmp_path / "outputs"
    outputs.mkdir()
    outcome = run(request_of(outputs=str(outputs), steps=["half"]))
    assert (outcome.code, outcome.events[-1]["message"]) == (1, "OSError: the disk is full")
    assert list(outputs.iterdir()) == []


def test_usage_holds_what_the_kernel_counts(run, request_of):
    usage = run(request_of()).of("done")[0]["usage"]
    assert usage["peak_rss_bytes"] > 1 << 20
    assert all(value >= 0 for value in usage.values())


@pytest.mark.parametrize(
    ("changes", "kind", "words"),
    [
        ({"protocol": 2}, "unsupported", "protocol 2"),
        ({"workload": "train"}, "unsupported", "no train.py"),
        ({"workload": "../json/sums"}, "unsupported", "no ../json/sums.py"),
        ({"steps": ["total", "median"]}, "unsupported", "median"),
        ({"inputs": {"table": "/nowhere/table.txt"}}, "input", "/nowhere/table.txt"),
        ({"outputs": "/nowhere/outputs"}, "input", "/nowhere/outputs"),
        ({"steps": ["hungry"]}, "memory", "memory"),
        ({"steps": ["broken"]}, "internal", "TypeError"),
    ],
)
def test_what_goes_wrong_is_told_in_one_event(run, request_of, changes, kind, words):
    outcome = run(request_of(**changes))
    assert outcome.code == 1
    error = outcome.events[-1]
    assert (error["event"], error["kind"]) == ("error", kind)
    assert words in error["message"]


def test_a_table_that_cannot_be_read_is_the_inputs_fault(run, request_of, tmp_path):
    (tmp_path / "table.txt").write_text("0.1\nnonsense\n")
    error = run(request_of()).events[-1]
    assert (error["kind"], "nonsense" in error["message"]) == ("input", True)


@pytest.mark.parametrize("line", ["{}", "nonsense", "[]"])
def test_a_request_that_is_none_is_refused(run, line):
    outcome = run(line)
    assert (outcome.code, outcome.events[-1]["kind"]) == (1, "input")


def test_a_binary_that_is_named_is_told_by_its_digest(run, variant):
    (variant / "impl.toml").write_text('[dependencies]\ndirect = ["pytest==1"]\nbinaries = ["pytest/py.typed", "pytest/no-such-file"]\n')
    libraries = run(None).of("hello")[0]["libraries"]
    assert libraries == {"pytest": pytest.__version__, "py.typed": f"sha256:{hashlib.sha256(b'').hexdigest()}"}


def test_a_library_that_is_not_installed_fails_the_receipt(run, variant):
    (variant / "impl.toml").write_text('[dependencies]\ndirect = ["no-such-library==1"]\n')
    outcome = run(None)
    assert outcome.code == 1
    assert "no-such-library is not installed" in outcome.events[-1]["message"]


SERVER = """
def start(threads):
    return threads

def load(request):
    return request.params

def units(data):
    return len(data)

def serve(data, serving):
    serving.listening(4711)
    print("nothing of this is an event")
    serving.stalls.note(5, 9_000_000)
    return serving.place.connections + serving.threads
"""
PLACE = {"host": "127.0.0.1", "port": 0, "connections": 40}
METER = {"interval_ns": 1_000_000, "threshold_ns": 8_000_000}


def test_a_server_serves_between_load_and_pauses(run, request_of, variant):
    (variant / "sums.py").write_text(SERVER)
    outcome = run(request_of(serve=PLACE, meter=METER, steps=["of the load generator"], threads=2))
    assert [event["event"] for event in outcome.events] == ["hello", "ready", "sample", "serving", "pauses", "stalls", "done"]
    assert outcome.of("serving")[0]["port"] == 4711
    assert outcome.of("stalls")[0]["events"] == [{"start_ns": 5, "wall_ns": 9_000_000}]
    assert outcome.of("done")[0]["served"] == 42
    assert outcome.code == 0


def test_what_is_not_served_is_not_asked_to_serve_nor_the_other_way_round(run, request_of, variant):
    assert run(request_of(serve=PLACE)).of("error")[0]["kind"] == "unsupported"
    (variant / "sums.py").write_text(SERVER)
    assert run(request_of(serve=None)).of("error")[0]["kind"] == "unsupported"


def test_a_place_that_is_not_whole_is_named(run, request_of):
    error = run(request_of(serve={"host": "127.0.0.1"})).of("error")[0]
    assert (error["kind"], "port" in error["message"]) == ("input", True)
