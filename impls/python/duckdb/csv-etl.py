"""csv-etl with DuckDB: one streaming query a step over the plain lines, and a second look in Python at what it does not vouch for.

DuckDB's own rejects tell `few` and `many` with their rows; `look`, a Python function within the query, tells `value` and `time`.
The row is counted by a streaming window, which one thread does: so two threads are two streams and UNION ALL.
"""

from bisect import bisect_right
from collections.abc import Iterator
from functools import partial
from typing import Any, NamedTuple

import duckdb
from bench_protocol.contract import Check
from bench_protocol.wire import Request
from flight_rules import judge, write_rejects
from plain_streams import PlainStreams, Stream, gaps_of
from queries import RESULTS, query, quoted

REASONS = {"MISSING COLUMNS": "few", "TOO MANY COLUMNS": "many"}


class Done(NamedTuple):
    """A finished pass: rows of the main output, and the tally."""

    rows: int
    tally: dict[str, int | float]


class Etl:
    """What a job holds between its passes: nothing of the input's content."""

    def __init__(self, request: Request) -> None:
        self.request = request
        self.outputs = request.working()
        self.files = PlainStreams()
        self.read = 0
        """Records of the last pass."""
        self._suspects: list[tuple[int, int, str]] = []
        if duckdb.filesystem_is_registered(self.files.protocol):  # a job before this one, in the same process
            duckdb.unregister_filesystem(self.files.protocol)
            duckdb.remove_function("look")
        duckdb.register_filesystem(self.files)
        types: Any = ["BIGINT", "BIGINT", "VARCHAR[]"]  # names of types serve, though the stubs do not say so
        duckdb.create_function("look", self._look, types, "BOOLEAN", side_effects=True)

    def step(self, name: str) -> Done:
        """One pass, from the input files to the finished outputs."""
        self._suspects.clear()
        run("DROP TABLE IF EXISTS reject_errors; DROP TABLE IF EXISTS reject_scans; CREATE OR REPLACE TEMP SEQUENCE dropped")
        streams = self.files.begin(self.request.inputs["flights"], self.request.threads)
        try:
            rows, kept = self._save(name, query(name, len(streams), self.request.inputs))
        except duckdb.Error as error:
            raise next((stream.failure for stream in streams if stream.failure), error) from error
        rejects = sorted(self._rejects(streams))
        write_rejects(self.outputs / f"{name}.rejects.csv", rejects)
        self.read = sum(stream.rows + len(stream.malformed) for stream in streams)
        dropped = value("SELECT coalesce(max(last_value), 0) FROM duckdb_sequences() WHERE sequence_name = 'dropped'")
        clean = self.read - dropped - len(rejects)
        reject_lines = sum(line for line, _ in rejects)
        tally: dict[str, int | float] = {
            "read": self.read,
            "clean": clean,
            "dropped": dropped,
            "rejected": len(rejects),
            "kept": kept,
            "reject_lines": reject_lines,
        }
        return Done(rows, tally)

    def _save(self, step: str, rows: str) -> tuple[int, int]:
        """Rows written, and rows kept."""
        if step == "agg":
            run(f"CREATE OR REPLACE TEMP TABLE agg AS {rows}")
            written = value(f"COPY agg TO {quoted(self.outputs / 'agg.csv')} (FORMAT csv, HEADER)")
            return written, value("SELECT coalesce(sum(flights), 0)::BIGINT FROM agg")
        form = "parquet, COMPRESSION snappy" if step == "parquet" else "csv, HEADER"
        written = value(f"COPY ({rows}) TO {quoted(self.outputs / f'{step}.{step}')} (FORMAT {form})")
        return written, written

    def _look(self, stream: int, row: int, fields: list[str]) -> bool:
        """Whether a row is lawful after all, as one with `007` is; notes one that is not."""
        reason = judge(fields)
        if reason:
            self._suspects.append((stream, row - 1, reason))
        return reason is None

    def _rejects(self, streams: list[Stream]) -> Iterator[tuple[int, str]]:
        base = 2  # the line after the header
        for number, stream in enumerate(streams):
            yield from ((base + line, reason) for line, reason in stream.malformed)
            uneven = dict(_uneven(number))
            gaps = gaps_of(uneven)
            suspects = ((row + bisect_right(gaps, row), reason) for at, row, reason in self._suspects if at == number)
            yield from ((base + stream.line_of(place), reason) for place, reason in (*uneven.items(), *suspects))
            base += stream.end


def _uneven(stream: int) -> list[tuple[int, str]]:
    """Records with too few or too many fields, counted from 0, in order; DuckDB notes each missing field, and each that is too much."""
    notes = f"reject_errors JOIN reject_scans USING (scan_id, file_id) WHERE file_path = 'plain://{stream}'"
    found = run(f"SELECT DISTINCT line - 1, error_type::VARCHAR FROM {notes} ORDER BY ALL").fetchall()  # noqa: S608 - a number
    return [(place, REASONS[kind]) for place, kind in found]


def run(sql: str) -> duckdb.DuckDBPyConnection:
    """Runs on the client's default connection, a database in memory."""
    try:
        return duckdb.execute(sql)
    except duckdb.OutOfMemoryException as error:
        raise MemoryError(str(error)) from error


def value(sql: str) -> int:
    """The one number that it gives."""
    row = run(sql).fetchone()
    assert row is not None
    return int(row[0])


def start(threads: int) -> int:
    run(f"SET threads = {threads}")
    run("SET temp_directory = ''")  # spilling to disk would be another benchmark: no memory left must be an error
    run("SET preserve_insertion_order = false")
    run("SET TimeZone = 'UTC'")
    return threads


def load(request: Request) -> Etl:
    return Etl(request)


def _step(name: str, etl: Etl) -> Done:
    return etl.step(name)


STEPS = {name: partial(_step, name) for name in RESULTS}


def units(etl: Etl) -> int:
    return etl.read


def check(step: str, done: Done) -> Check:
    return {"rows": done.rows, "sums": done.tally}
