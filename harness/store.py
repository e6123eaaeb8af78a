"""Writes and reads sessions: session.json (written aside, synced, renamed) and runs.jsonl (whole lines appended, synced, sealed).

Nothing written is ever lost or edited. A last line torn by a crash or a full disk is dropped on reading, with a warning, and cut off
before the session is continued. The only place where measuring and reporting meet. What older versions wrote: migrate.py.
"""

from __future__ import annotations

import fcntl
import gc
import mmap
import os
import tempfile
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec

from harness import migrate, seal
from harness.model import SCHEMA, Run, Session, UserError, kind

SESSION, RUNS, LOCK = "session.json", "runs.jsonl", ".lock"
FLOORS, RATES = "memory-floor.jsonl", "highest-rate.jsonl"
PROBES = (FLOORS, RATES)
"""The jobs of searches, a file each: lines like those of runs.jsonl, apart, for no plan says how many there are."""
REQUESTS = "requests"
"""The folder of every request's record, a Parquet file a job; a published session may go without."""
DAMAGED = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)
"""What decoding raises on bytes that are not ours."""
_run_decoder = msgspec.json.Decoder(Run)


def schema() -> dict[str, Any]:
    """The JSON Schema (2020-12) of a line of runs.jsonl."""
    made = msgspec.json.schema(Run, schema_hook=_any)
    made["$defs"]["Run"]["properties"]["seal"] = {"type": "string", "pattern": "^[0-9a-f]{64}$", "description": seal.MEANING}
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **made}


def _any(kind: type) -> dict[str, Any]:
    """Where the nouns say `object` any JSON is lawful."""
    if kind is object:
        return {"description": "any JSON"}
    raise NotImplementedError


def write_aside(path: Path, data: bytes) -> None:
    """Write a file so that it is there whole or not at all. UserError where the disk or the rights don't allow it."""
    aside = path.with_name(f".{path.name}.part")  # One name for all, so that what a killed harness left is written over.
    try:
        with aside.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        aside.rename(path)
    except OSError as error:
        aside.unlink(missing_ok=True)
        raise UserError(f"{path}: {error.strerror}; free some room or choose another folder with --out") from None


def check_writable(folder: Path) -> None:
    """UserError where a session could not be put there; found before anything is built. Leaves nothing behind."""
    try:
        held = (folder / SESSION).exists()
        with tempfile.TemporaryFile(dir=next(p for p in (folder, *folder.parents) if p.exists())):
            pass
    except OSError as error:
        raise UserError(f"{folder} can't be written: {error.strerror}; choose another folder with --out") from None
    if held:
        raise UserError(f"{folder} holds a session already; continue it with --resume {folder}, or choose another folder with --out")


def create(folder: Path, session: Session) -> None:
    """Begin a session in `folder`; UserError where it can't be written or holds a session already."""
    check_writable(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(f"{folder}: {error.strerror}; choose another folder with --out") from None
    write_aside(folder / SESSION, msgspec.json.format(msgspec.json.encode(session), indent=1))


@contextmanager
def writing(folder: Path) -> Iterator[None]:
    """Hold the session for one writer; UserError where another harness holds it."""
    try:
        lock = (folder / LOCK).open("w")
    except OSError as error:
        raise UserError(f"{folder}: {error.strerror}; make it writable to go on with the session") from None
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise UserError(f"{folder}: another bench is writing this session; wait for it or end it") from None
        yield


def append(folder: Path, run: Run, name: str = RUNS) -> None:
    """Add one run: a single write of a whole line, then synced. A write cut short by a full disk is taken back."""
    path = folder / name
    line = seal.close(_before(folder, name), msgspec.json.encode(run)) + b"\n"
    before = path.stat().st_size if path.exists() else 0
    try:
        with path.open("ab", buffering=0) as file:
            if file.write(line) != len(line):
                raise OSError(28, "No space left on device")
            os.fsync(file.fileno())
    except OSError as error:
        if path.exists():
            os.truncate(path, before)
        raise UserError(f"{path}: {error.strerror}; free some room, then: bench run --resume {folder}") from None


def _before(folder: Path, name: str) -> str:
    """The seal that the next line follows: the last line's, or session.json's digest; read from the file's end, however long it is."""
    path = folder / name
    if not path.exists() or not path.stat().st_size:
        return seal.opening(_bytes(folder / SESSION))
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as held:
        end = len(held) - 1
        return seal.of(held[held.rfind(b"\n", 0, end) + 1 : end]) or ""


def seals(folder: Path) -> tuple[str, ...]:
    """In words, what of a session was changed after it was written; none where all is as it was."""
    return tuple(line for name in (RUNS, *PROBES) for line in _seals(folder, name))


def _seals(folder: Path, name: str) -> tuple[str, ...]:
    """The same of one of its files.

    Schema 1 knew no seals: a session that it began may begin with bare lines of it. No other may, whatever its lines say of themselves.
    """
    path, found = folder / name, list[str]()
    made = _bytes(folder / SESSION)
    before, bare = seal.opening(made), _schema(made or b"") == 1
    for number, line in enumerate(_lines(path), 1):
        if not line.endswith(b"\n"):
            break
        own = seal.of(line := line[:-1])
        bare = bare and own is None
        if own is None and not (bare and line.startswith(b'{"schema":1,')):
            found.append(f"{path}:{number}: the line bears no seal")
        elif own is not None and not seal.holds(before, line):
            others = f"or {SESSION} was" if number == 1 else "or one before it is gone"
            found.append(f"{path}:{number}: the line was changed after it was written, {others}")
        before = own or ""
    return tuple(found)


def _bytes(path: Path) -> bytes | None:
    """A file's bytes, None where there is none or it can't be read: that is for the reader to complain of."""
    try:
        return path.read_bytes()
    except OSError:
        return None


def _schema(data: bytes) -> object:
    """The schema that a session.json names, None where it is none."""
    try:
        return msgspec.json.decode(data, type=dict[str, Any]).get("schema")
    except DAMAGED:
        return None


def mend(folder: Path, name: str = RUNS) -> bool:
    """Cut a torn last line off, so that appending can go on; True where there was one."""
    path = folder / name
    last = next(iter(deque(_lines(path), maxlen=1)), b"\n")
    if last.endswith(b"\n"):
        return False
    os.truncate(path, path.stat().st_size - len(last))
    return True


def _lines(path: Path) -> Iterator[bytes]:
    """A file's lines with their ends, one at a time, for a session may be larger than memory; none where there is no file yet."""
    try:
        with path.open("rb") as file:
            yield from file
    except FileNotFoundError:
        return
    except OSError as error:
        raise UserError(f"{path}: {error.strerror}; make it readable") from None


def requests(folder: Path, job: str) -> Path:
    """Where the records of a job's requests lie, if they were kept."""
    return folder / REQUESTS / f"{job}.parquet"


def read_session(folder: Path) -> Session:
    """session.json; UserError where it isn't one, or is of a newer schema."""
    path = folder / SESSION
    try:
        data = path.read_bytes()
    except OSError:
        raise UserError(f"{folder} is no session: there is no {SESSION} in it; sessions are made by: bench run") from None
    try:
        return msgspec.convert(migrate.session(_object(path, data)), type=Session)
    except DAMAGED as error:
        raise UserError(f"{path}: {error}; it is no session.json of this program") from None


def _object(path: Path, data: bytes) -> dict[str, Any]:
    try:
        found = msgspec.json.decode(data)
    except DAMAGED as error:
        raise UserError(f"{path}: not JSON: {error}") from None
    if not isinstance(found, dict) or not isinstance(found.get("schema"), int):
        raise UserError(f"{path}: has no schema version; it is no session.json of this program")
    _check_version(str(path), found["schema"])
    return found


def _check_version(where: str, schema: int) -> None:
    if schema > SCHEMA:
        raise UserError(f"{where}: schema version {schema}, this bench reads up to {SCHEMA}; use a newer one")


def read_runs(folder: Path, name: str = RUNS) -> tuple[list[Run], list[str]]:
    """All whole lines of runs.jsonl (or `name`) in order, and warnings. A line within that isn't a run: UserError with its number."""
    path, runs, pool = folder / name, list[Run](), dict[object, Any]()
    with _no_collection():
        for number, line in enumerate(_lines(path), 1):
            if not line.endswith(b"\n"):
                return runs, [f"{path}: the last line is torn and was dropped (the job will run again on --resume)"]
            runs.append(_share(_run(f"{path}:{number}", line), pool))
    return runs, []


def _run(where: str, line: bytes) -> Run:
    try:
        run = _run_decoder.decode(line)
    except DAMAGED as error:
        raise UserError(f"{where}: {error}; the line was changed or damaged: restore the file, or remove the line") from None
    _check_version(where, run.schema)
    return run


def _share(run: Run, pool: dict[object, Any]) -> Run:
    """The run, its samples' equal parts being the same object: a million samples then need half the memory.

    They are frozen for everyone else; here they are still being made.
    """
    for s in run.samples:
        object.__setattr__(s, "step", pool.setdefault(s.step, s.step))
        object.__setattr__(s, "phases", pool.setdefault(frozenset(s.phases.items()), s.phases))
        if s.check:
            key = (s.check.rows, *s.check.sums.items())
            object.__setattr__(s, "check", pool.setdefault(key, s.check))
    return run


@contextmanager
def _no_collection() -> Iterator[None]:
    """Records hold no circles, and looking for some among a million samples takes five times as long as reading them."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()


def sessions(path: Path) -> list[Path]:
    """The session folders at `path`: itself, or those in it, oldest first. UserError where there is none."""
    if (path / SESSION).exists():
        return [path]
    found = sorted(p.parent for p in path.glob(f"*/{SESSION}")) if path.is_dir() else []
    if not found:
        raise UserError(f"{path} is no session and holds none; sessions are made by: bench run")
    return found


def history(folders: Iterable[Path], engine: str) -> dict[tuple[str, str], float]:
    """Seconds that a job of a kind took when it last ended well, for estimates only."""
    seconds: dict[tuple[str, str], float] = {}
    for folder in folders:
        try:
            runs, _ = read_runs(folder)
        except UserError:
            continue
        for run in runs:
            if run.engine == engine and run.times.worked_ns and run.outcome == "ok":
                seconds[kind(run)] = run.times.worked_ns / 1e9
    return seconds
