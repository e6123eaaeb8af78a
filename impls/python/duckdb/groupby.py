"""groupby with DuckDB: SQL over a table in memory, its text columns as ENUM types.

An answer is made by CREATE TABLE AS, the one way of this client that leaves the whole result in the engine's own memory
when the call returns. `execute` alone streams: much of the work could come after the clock. `fetchall` and `df` are whole too,
but add a conversion to Python or pandas that no other implementation pays for.
"""

from functools import partial
from pathlib import Path

import duckdb
from bench_protocol.contract import Check
from bench_protocol.wire import Request

TEXTS = ("id1", "id2", "id3")
KEYS = (*TEXTS, "id4", "id5", "id6")
COLUMNS = {
    **dict.fromkeys(TEXTS, "VARCHAR"),
    **dict.fromkeys(("id4", "id5", "id6", "v1", "v2"), "INTEGER"),
    "v3": "DOUBLE",
}
# The sum of no values is NULL in SQL and 0 in this workload.
QUERIES = {
    "q1": "SELECT id1, coalesce(sum(v1), 0) AS v1 FROM x GROUP BY ALL",
    "q2": "SELECT id1, id2, coalesce(sum(v1), 0) AS v1 FROM x GROUP BY ALL",
    "q3": "SELECT id3, coalesce(sum(v1), 0) AS v1, avg(v3) AS v3 FROM x GROUP BY ALL",
    "q4": "SELECT id4, avg(v1) AS v1, avg(v2) AS v2, avg(v3) AS v3 FROM x GROUP BY ALL",
    "q5": "SELECT id6, coalesce(sum(v1), 0) AS v1, coalesce(sum(v2), 0) AS v2, coalesce(sum(v3), 0) AS v3 FROM x GROUP BY ALL",
    "q6": "SELECT id4, id5, median(v3) AS median_v3, stddev_samp(v3) AS sd_v3 FROM x GROUP BY ALL",
    "q7": "SELECT id3, max(v1) - min(v2) AS range_v1_v2 FROM x GROUP BY ALL",
    "q8": "SELECT id6, unnest(largest) AS largest2_v3 FROM (SELECT id6, max(v3, 2) AS largest FROM x GROUP BY ALL)",
    "q9": "SELECT id2, id4, pow(if(isnan(r), NULL, r), 2) AS r2 FROM (SELECT id2, id4, corr(v1, v2) AS r FROM x GROUP BY ALL)",
    "q10": "SELECT id1, id2, id3, id4, id5, id6, coalesce(sum(v3), 0) AS v3, count(*) AS count FROM x GROUP BY ALL",
}


class Answer:
    """A step's answer: a table that lives as long as this object, so that the last pass's is dropped outside the clock."""

    def __init__(self, step: str, rows: int) -> None:
        self.table = step
        run(f"CREATE TABLE {step} AS {QUERIES[step]}")

    def __del__(self) -> None:
        run(f"DROP TABLE IF EXISTS {self.table}")


STEPS = {step: partial(Answer, step) for step in QUERIES}


def run(sql: str) -> duckdb.DuckDBPyConnection:
    """Runs on the client's default connection, a database in memory."""
    try:
        return duckdb.execute(sql)
    except duckdb.OutOfMemoryException as error:
        raise MemoryError(str(error)) from error


def start(threads: int) -> int:
    run(f"SET threads = {threads}")
    run("SET temp_directory = ''")  # spilling to disk would be another benchmark: no memory left must be an error
    run("SET preserve_insertion_order = false")
    return threads


def load(request: Request) -> int:
    """An ENUM must know its words before the first row, so the text columns pass through a table of plain strings."""
    path = request.inputs["table"].replace("'", "''")
    run(f"CREATE TABLE plain AS FROM read_csv('{path}', columns = {COLUMNS}, auto_detect = false, header = true, quote = '')")
    for name in TEXTS:
        words = f"SELECT DISTINCT {name} FROM plain WHERE {name} IS NOT NULL"  # noqa: S608 - names of this file
        run(f"CREATE TYPE {name} AS ENUM ({words})")
    coded = ", ".join(f"{name}::{name} AS {name}" for name in TEXTS)
    run(f"CREATE TABLE x AS SELECT * REPLACE ({coded}) FROM plain")  # noqa: S608
    run("DROP TABLE plain")
    return duckdb.table("x").shape[0]


def units(rows: int) -> int:
    return rows


def check(step: str, answer: Answer) -> Check:
    values = [name for name in duckdb.table(answer.table).columns if name not in KEYS]
    sums = ", ".join(f"coalesce(sum({name}), 0)" for name in values)
    row = run(f"SELECT count(*), {sums} FROM {answer.table}").fetchone()  # noqa: S608
    assert row is not None  # an aggregate without GROUP BY has one row
    return {"rows": row[0], "sums": dict(zip(values, row[1:], strict=True))}


def write(step: str, answer: Answer, path: Path) -> int:
    run(f"COPY {answer.table} TO '{path}' (HEADER)")
    return duckdb.table(answer.table).shape[0]
