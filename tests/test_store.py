"""Sessions on disk: nothing written is lost, a torn end is dropped, damage is named by line, one writer at a time."""

import errno
import gc
import json
import os
import subprocess
import sys
import tempfile
from dataclasses import replace
from io import FileIO
from pathlib import Path
from typing import Any

import jsonschema
import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from makers import job, run, sample, session

from harness import store
from harness.model import SCHEMA, Check, Hello, Pauses, Reading, Run, Series, Span, Stalls, Times, Usage, UserError

RECORDED = Path(__file__).parent / "fixtures" / "session_schema_1"
WHOLE = st.integers(0, 2**63 - 1)
FINITE = st.floats(allow_nan=False, allow_infinity=False)
OPEN = st.none() | WHOLE
STALLS = st.builds(
    Stalls, WHOLE, WHOLE, WHOLE, WHOLE, WHOLE, st.lists(WHOLE, max_size=3).map(tuple), st.just((Span(1, 2),)), WHOLE
)  # fmt: skip
RUNS = st.builds(
    replace,
    st.just(run()),
    outcome=st.sampled_from(["ok", "wrong", "oom", "timeout", "hang", "crash", "protocol", "error", "unbuilt", "skipped"]),
    reason=st.none() | st.text(),
    params=st.dictionaries(st.text(), WHOLE | FINITE | st.text(), max_size=3),
    seed=WHOLE,
    stderr=st.text(),
    times=st.builds(Times, OPEN, OPEN, OPEN, OPEN),
    samples=st.lists(
        st.builds(
            replace,
            st.just(sample()),
            wall_ns=WHOLE,
            user_ns=OPEN,
            check=st.none() | st.builds(Check, WHOLE, st.dictionaries(st.text(), FINITE, max_size=2)),
            phases=st.dictionaries(st.text(), WHOLE, max_size=2),
        ),
        max_size=3,
    ).map(tuple),
    hello=st.none() | st.builds(Hello, WHOLE, st.text(), st.text(), st.text(), st.just({}), WHOLE, st.text(), st.none(), WHOLE),
    pauses=st.none() | st.builds(Pauses, st.text(), OPEN, OPEN, st.none() | FINITE, st.just((Span(1, 2, "full"),)), WHOLE, OPEN),
    stalls=st.none() | STALLS,
    usage=st.none() | st.builds(Usage, OPEN, OPEN, OPEN, OPEN, OPEN, st.dictionaries(st.text(), WHOLE, max_size=2)),
    outside=st.none() | st.builds(Reading, st.text(), OPEN, OPEN, OPEN, OPEN, OPEN, OPEN, OPEN),
    memory=st.builds(Series, st.lists(WHOLE, max_size=3).map(tuple), st.lists(WHOLE, max_size=3).map(tuple), OPEN),
)  # fmt: skip


def lines(folder: Path) -> list[bytes]:
    return (folder / store.RUNS).read_bytes().splitlines()


def three(folder: Path) -> list[Run]:
    runs = [run(job=f"j{n}", block=n) for n in range(3)]
    for one in runs:
        store.append(folder, one)
    return runs


@settings(max_examples=40)
@given(runs=st.lists(RUNS, max_size=4))
def test_runs_come_back_as_they_were_appended(tmp_path_factory: pytest.TempPathFactory, runs: list[Run]) -> None:
    folder = tmp_path_factory.mktemp("session")
    for one in runs:
        store.append(folder, one)
    assert store.read_runs(folder) == (runs, [])


@settings(max_examples=40)
@given(one=RUNS)
def test_every_line_is_one_line_of_the_published_schema(one: Run) -> None:
    line = msgspec.json.encode(one)
    assert b"\n" not in line
    jsonschema.Draft202012Validator(store.schema()).validate(json.loads(line))


def test_the_schema_refuses_a_line_that_lacks_what_is_promised() -> None:
    line = json.loads(msgspec.json.encode(run()))
    check = jsonschema.Draft202012Validator(store.schema())
    check.check_schema(store.schema())
    for name in ("implementation", "language", "track", "workload", "case", "seed", "block", "position", "outcome"):
        assert not check.is_valid({k: v for k, v in line.items() if k != name}), name
    assert not check.is_valid({**line, "outcome": "fine"})


def test_a_session_comes_back_as_it_was_created(tmp_path: Path) -> None:
    store.create(tmp_path / "a" / "b", session())
    assert store.read_session(tmp_path / "a" / "b") == session()
    assert [p.name for p in (tmp_path / "a" / "b").iterdir()] == [store.SESSION], "nothing is left aside"


def test_a_second_session_is_not_put_over_a_first(tmp_path: Path) -> None:
    store.create(tmp_path, session())
    with pytest.raises(UserError, match=r"holds a session already.*--resume"):
        store.create(tmp_path, session())


def test_a_torn_last_line_is_dropped_at_every_byte_and_the_whole_ones_kept(tmp_path: Path) -> None:
    runs = three(tmp_path)
    path = tmp_path / store.RUNS
    data = path.read_bytes()
    start = len(b"\n".join(data.split(b"\n")[:2])) + 1
    for end in range(start + 1, len(data)):
        path.write_bytes(data[:end])
        found, warnings = store.read_runs(tmp_path)
        assert found == runs[:2]
        assert len(warnings) == 1 and "torn" in warnings[0]
        assert store.mend(tmp_path) and path.read_bytes() == data[:start]
    store.append(tmp_path, runs[2])
    assert store.read_runs(tmp_path) == (runs, [])


def test_mending_leaves_what_is_whole_alone(tmp_path: Path) -> None:
    assert not store.mend(tmp_path)
    three(tmp_path)
    before = (tmp_path / store.RUNS).read_bytes()
    assert not store.mend(tmp_path)
    assert (tmp_path / store.RUNS).read_bytes() == before


DAMAGE = {
    "no JSON": b"{oops",
    "no run": b'{"schema": 1}',
    "an empty line": b"",
    "no UTF-8": msgspec.json.encode(run(reason="@")).replace(b'"@"', b'"\xff"'),
    "a text where a number was": msgspec.json.encode(run()).replace(b'"block":1', b'"block":"1"'),
    "an outcome of its own": msgspec.json.encode(run()).replace(b'"outcome":"ok"', b'"outcome":"splendid"'),
    "deep nesting": msgspec.json.encode(run()).replace(b'"state_before":{}', b'"state_before":{"x":' + b"[" * 100_000),
    "a newer schema": msgspec.json.encode(run(schema=SCHEMA + 1)),
}


@pytest.mark.parametrize("line", DAMAGE.values(), ids=DAMAGE.keys())
def test_a_damaged_line_in_the_middle_is_named_by_its_number(tmp_path: Path, line: bytes) -> None:
    three(tmp_path)
    whole = lines(tmp_path)
    (tmp_path / store.RUNS).write_bytes(b"\n".join([whole[0], line, whole[2], b""]))
    with pytest.raises(UserError, match=r"runs\.jsonl:2: "):
        store.read_runs(tmp_path)


def test_reading_leaves_the_collector_as_it_was(tmp_path: Path) -> None:
    (tmp_path / store.RUNS).write_bytes(b"damaged\n")
    with pytest.raises(UserError):
        store.read_runs(tmp_path)
    assert gc.isenabled()


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "not JSON"),
        (b"{", "not JSON"),
        (b'{"schema": "\xff"}', "not JSON"),
        (b"[" * 100_000, "not JSON"),
        (b"[]", "no schema version"),
        (b'{"schema": "1"}', "no schema version"),
        (b'{"schema": true}', "no session.json of this program"),
        (b'{"schema": 1}', "no session.json of this program"),
        (b'{"schema": 3}', "this bench reads up to 2; use a newer one"),
    ],
)
def test_what_is_no_session_is_refused_with_its_reason(tmp_path: Path, data: bytes, why: str) -> None:
    (tmp_path / store.SESSION).write_bytes(data)
    with pytest.raises(UserError, match=why):
        store.read_session(tmp_path)


def test_a_folder_without_a_session_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="is no session"):
        store.read_session(tmp_path)
    with pytest.raises(UserError, match="is no session and holds none"):
        store.sessions(tmp_path)
    with pytest.raises(UserError, match="holds none"):
        store.sessions(tmp_path / "absent")


def test_sessions_of_the_first_schema_can_be_read_for_ever() -> None:
    """Recorded when schema 1 was new. Where this fails, write a migration; don't record it again."""
    made = store.read_session(RECORDED)
    runs, warnings = store.read_runs(RECORDED)
    assert not warnings and made.schema == 1 and [r.outcome for r in runs] == ["ok", "crash"]
    assert runs[0].samples[0].wall_ns == 1_000_000 and runs[1].samples == () and made.jobs[0].limits.memory_bytes == 2 << 30


def test_an_unknown_field_of_a_later_patch_is_passed_over(tmp_path: Path) -> None:
    (tmp_path / store.RUNS).write_bytes(msgspec.json.encode(run())[:-1] + b',"later":1}\n')
    assert store.read_runs(tmp_path) == ([run()], [])


def test_a_second_process_cannot_write_the_same_session(tmp_path: Path) -> None:
    code = "import sys; from pathlib import Path; from harness import store\nwith store.writing(Path(sys.argv[1])): pass"
    other = [sys.executable, "-c", code, str(tmp_path)]
    with store.writing(tmp_path):
        done = subprocess.run(other, capture_output=True, text=True, check=False)
    assert done.returncode and "another bench is writing this session" in done.stderr
    assert subprocess.run(other, check=False).returncode == 0, "the lock goes with its holder"


def short_write(self: FileIO, data: bytes) -> int:
    return os.write(self.fileno(), data[: len(data) // 2])


def no_room(*_: Any, **__: Any) -> int:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


@pytest.mark.parametrize("write", [short_write, no_room])
def test_a_full_disk_takes_the_half_line_back_and_says_how_to_go_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, write: Any) -> None:
    runs = three(tmp_path)
    real = Path.open

    class Full(FileIO):
        pass

    Full.write = write  # type: ignore[method-assign]
    with monkeypatch.context() as patched, pytest.raises(UserError, match=r"No space left.*--resume"):
        patched.setattr(Path, "open", lambda self, mode="r", **kw: Full(self, "ab") if "a" in mode else real(self, mode, **kw))
        store.append(tmp_path, run(job="lost"))
    assert store.read_runs(tmp_path) == (runs, [])
    store.append(tmp_path, run(job="after"))
    assert store.read_runs(tmp_path)[0][-1].job == "after"


def test_a_failed_sync_is_no_record(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patched, pytest.raises(UserError, match="No space left"):
        patched.setattr(os, "fsync", no_room)
        store.append(tmp_path, run())
    assert store.read_runs(tmp_path) == ([], [])


def test_a_session_that_can_not_be_written_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patched, pytest.raises(UserError, match=r"No space left.*--out"):
        patched.setattr(os, "fsync", no_room)
        store.create(tmp_path, session())
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_can_not_be_written_is_found_before_anything_is_built(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patched, pytest.raises(UserError, match=r"one can't be written: No space left.*--out"):
        patched.setattr(tempfile, "TemporaryFile", no_room)
        store.check_writable(tmp_path / "new" / "one")
    store.check_writable(tmp_path / "new" / "one")
    assert list(tmp_path.iterdir()) == []


def test_a_file_in_the_way_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(UserError, match=r"session can't be written: Not a directory"):
        store.check_writable(tmp_path / "file" / "session")


def test_a_lock_that_can_not_be_made_is_a_user_mistake(tmp_path: Path) -> None:
    (tmp_path / store.LOCK).mkdir()
    with pytest.raises(UserError, match="make it writable"), store.writing(tmp_path):
        pass


def test_sessions_are_found_oldest_first(tmp_path: Path) -> None:
    for name in ("20260102-b", "20260101-a"):
        store.create(tmp_path / name, session())
    (tmp_path / "notes").mkdir()
    assert [p.name for p in store.sessions(tmp_path)] == ["20260101-a", "20260102-b"]
    assert store.sessions(tmp_path / "20260101-a") == [tmp_path / "20260101-a"]


def test_history_takes_the_last_good_job_of_each_kind_on_the_same_engine(tmp_path: Path) -> None:
    def took(seconds: float, **changes: Any) -> Run:
        return run(times=Times(exit_ns=int(seconds * 1e9)), **changes)

    old, new, bad = tmp_path / "1", tmp_path / "2", tmp_path / "3"
    for folder in (old, new, bad):
        folder.mkdir()
    for one in (took(1), took(2, case="big"), took(9, engine="docker"), took(9, threads=2)):
        store.append(old, one)
    for one in (took(3), took(9, outcome="crash"), run(times=Times())):
        store.append(new, one)
    (bad / store.RUNS).write_bytes(b"damaged\n")
    store.append(new, run(times=Times(exit_ns=9_000_000_000, waited_ns=5_000_000_000), case="big"))
    found = store.history([old, new, bad, tmp_path / "absent"], "local")
    assert found == {("x/std", "small"): 3.0, ("x/std", "big"): 4.0, ("x/std@2", "small"): 9.0}, "others' turns are no time of its own"


def test_a_job_is_recorded_with_its_contract_fields(tmp_path: Path) -> None:
    store.append(tmp_path, run())
    line = json.loads(lines(tmp_path)[0])
    asked = job()
    assert line["implementation"] == asked.implementation and line["language"] == "x" and line["track"] == "baseline"
    assert (line["workload"], line["case"], line["seed"], line["block"], line["position"]) == ("sums", "small", 7, 1, 1)
    assert line["outcome"] == "ok"
