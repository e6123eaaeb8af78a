"""Sealed lines: what is changed after it was written shows, wherever it is; schema 1 is read as it was."""

import json
import re
import shutil
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from makers import run, session

from harness import migrate, seal, store
from harness.model import SCHEMA

OLD = Path(__file__).parent / "fixtures" / "session_schema_1"
JOBS = ("a", "b", "c", "d")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    store.create(tmp_path / "s", session())
    for job in JOBS:
        store.append(tmp_path / "s", run(job=job))
    return tmp_path / "s"


def lines(folder: Path) -> list[bytes]:
    return (folder / store.RUNS).read_bytes().splitlines(keepends=True)


def rewrite(folder: Path, changed: list[bytes]) -> tuple[str, ...]:
    (folder / store.RUNS).write_bytes(b"".join(changed))
    return store.seals(folder)


def test_a_seal_is_the_digest_of_the_one_before_and_the_line() -> None:
    # printf 'x{"a":1}' | sha256sum
    line = seal.close("x", b'{"a":1}')
    assert line == b'{"seal":"' + seal.digest(b'x{"a":1}').encode() + b'","a":1}'
    assert seal.digest(b"abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad", "FIPS 180-4, example"
    assert seal.holds("x", line) and not seal.holds("y", line) and json.loads(line)["a"] == 1


def test_what_is_as_it_was_written_is_whole(folder: Path) -> None:
    assert store.seals(folder) == () == store.seals(folder.parent / "absent")
    assert [r.job for r in store.read_runs(folder)[0]] == list(JOBS)


@pytest.mark.parametrize("number", range(4))
def test_an_edited_line_is_named(folder: Path, number: int) -> None:
    held = lines(folder)
    held[number] = held[number].replace(b'"outcome":"ok"', b'"outcome":"wrong"')
    (said,) = rewrite(folder, held)
    assert f"{store.RUNS}:{number + 1}: the line was changed" in said


def test_a_line_taken_out_moved_or_unsealed_is_seen(folder: Path) -> None:
    a, b, c, d = lines(folder)
    assert len(rewrite(folder, [a, c, d])) == 1
    assert len(rewrite(folder, [b, c, d])) == 1
    assert rewrite(folder, [b, a, c, d])
    assert "bears no seal" in rewrite(folder, [a, b'{"schema":2,' + b[b.index(b'"session"') :], c, d])[0]
    assert rewrite(folder, [a, b, c]) == (), "a session cut short is unfinished, which its plan shows"


def test_an_edited_session_is_seen_by_its_first_line(folder: Path) -> None:
    path = folder / store.SESSION
    path.write_text(path.read_text().replace('"seed": 7', '"seed": 8'))
    (said,) = store.seals(folder)
    assert store.SESSION in said


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(at=st.floats(0, 1, exclude_max=True), byte=st.integers(0, 255))
def test_no_changed_byte_goes_unseen(folder: Path, at: float, byte: int) -> None:
    whole = b"".join(lines(folder)) if not (folder / "whole").exists() else (folder / "whole").read_bytes()
    (folder / "whole").write_bytes(whole)
    place = int(at * (len(whole) - 1))  # the last line break apart: without it the line is torn, which has its own warning
    changed = whole[:place] + bytes([byte]) + whole[place + 1 :]
    (folder / store.RUNS).write_bytes(changed)
    assert bool(store.seals(folder)) == (changed != whole)


def test_a_session_of_schema_1_is_migrated_and_goes_on_sealed(tmp_path: Path) -> None:
    folder = tmp_path / "old"
    shutil.copytree(OLD, folder)
    made = store.read_session(folder)
    assert made.schema == 1 < SCHEMA and made.threads == (1,) and made.again is None and not made.claims
    runs, _ = store.read_runs(folder)
    assert runs and {r.arm for r in runs} == {"test"} and store.seals(folder) == ()
    store.append(folder, run())
    store.append(folder, run(job="later"))
    assert store.seals(folder) == ()
    assert rewrite(folder, [*lines(folder)[:-2], lines(folder)[-1]]), "a sealed line after bare ones can't be taken out unseen"


def bare(folder: Path) -> list[bytes]:
    """What one sed over all lines makes of them: no seals, and the word of the schema that knew none; with an edit."""
    held = [re.sub(rb'^{"seal":"[0-9a-f]+",("schema":)2', rb"{\g<1>1", line) for line in lines(folder)]
    return [line.replace(b'"outcome":"ok"', b'"outcome":"wrong"') for line in held]


def test_lines_that_claim_to_be_of_schema_1_are_none_in_a_session_of_schema_2(folder: Path) -> None:
    whole, old = lines(folder), bare(folder)
    assert all(line.startswith(b'{"schema":1,') for line in old)
    said = rewrite(folder, old)
    assert len(said) == len(JOBS) and all("bears no seal" in each for each in said)
    assert "bears no seal" in rewrite(folder, [old[0], *whole[1:]])[0]
    assert "bears no seal" in rewrite(folder, [*whole, old[0]])[0]


@pytest.mark.parametrize("made", [None, b"", b"{", b"[1]", b"7", b"\xff", b"{}", b'{"schema":"1"}', b"[" * 10_000, "a folder"])
def test_bare_lines_without_a_session_that_allows_them_are_seen(folder: Path, made: bytes | str | None) -> None:
    path = folder / store.SESSION
    path.unlink()
    if made == "a folder":
        path.mkdir()  # which can't be read, not even by root
    elif isinstance(made, bytes):
        path.write_bytes(made)
    assert len(rewrite(folder, bare(folder))) == len(JOBS)


def test_after_a_sealed_line_a_bare_one_is_seen_in_an_old_session_too(tmp_path: Path) -> None:
    folder = tmp_path / "old"
    shutil.copytree(OLD, folder)
    old = lines(folder)
    store.append(folder, run())
    assert store.seals(folder) == ()
    (said,) = rewrite(folder, [*lines(folder), old[0]])
    assert f"{store.RUNS}:{len(old) + 2}: the line bears no seal" in said
    assert rewrite(folder, [old[0].replace(b'"schema":1', b'"schema":2'), *old[1:]]), "schema 2 always sealed"


def test_migration_leaves_what_it_does_not_know_to_the_reader() -> None:
    assert migrate.session({"schema": 1, "threads": "two", "builds": [7]}) == {"schema": 1, "threads": "two", "builds": [7]}
    builds = [{"clean_seconds": 2.5}, {"clean_seconds": None}]
    made = migrate.session({"schema": 1, "threads": 2, "builds": builds})
    assert made["threads"] == [2] and [b["clean_seconds"] for b in made["builds"]] == [[2.5], []]
