"""The truth of the group-by task: one SQL statement a step, run by DuckDB within bounded memory; writes <step>.parquet.

Obvious first, and trustworthy where an obvious form loses digits: sums and means of v3 are compensated (fsum, favg); the
standard deviation takes each value's distance from its group's mean, in a second pass, where a one-pass formula would
lose digits in groups whose values lie close together; the correlation is of whole numbers, so its sums are exact in 128
bits, 'does not vary' is exactly zero, and nothing is rounded before the last division. `x IS NULL` never needs a case of
its own: GROUP BY makes one group of missing keys, and DuckDB's aggregates pass over missing values.
"""

import sys
import tempfile
from pathlib import Path
from typing import Any

import duckdb
from request import Mistake, folder, mapping, serve

MEMORY = "4GB"

COLUMNS = {
    **dict.fromkeys(("id1", "id2", "id3"), "VARCHAR"),
    **dict.fromkeys(("id4", "id5", "id6", "v1", "v2"), "BIGINT"),
    "v3": "DOUBLE",
}

# Nothing is left to DuckDB's guessing of dialects: a first row without values or a word in quotes stays what it is.
LOAD = """
    CREATE TABLE t AS
    FROM read_csv(?, columns = ?, auto_detect = false, header = true, delim = ',', quote = '', escape = '', nullstr = '')"""

# An even median is the mean of the two in the middle: DuckDB's `median` interpolates halfway between them.
STEPS = {
    "q1": """
        SELECT id1, coalesce(sum(v1), 0)::DOUBLE AS v1
        FROM t GROUP BY id1""",
    "q2": """
        SELECT id1, id2, coalesce(sum(v1), 0)::DOUBLE AS v1
        FROM t GROUP BY id1, id2""",
    "q3": """
        SELECT id3, coalesce(sum(v1), 0)::DOUBLE AS v1, favg(v3) AS v3
        FROM t GROUP BY id3""",
    "q4": """
        SELECT id4, avg(v1) AS v1, avg(v2) AS v2, favg(v3) AS v3
        FROM t GROUP BY id4""",
    "q5": """
        SELECT id6, coalesce(sum(v1), 0)::DOUBLE AS v1, coalesce(sum(v2), 0)::DOUBLE AS v2,
               coalesce(fsum(v3), 0) AS v3
        FROM t GROUP BY id6""",
    "q6": """
        WITH means AS (
            SELECT id4, id5, favg(v3) AS mean FROM t GROUP BY id4, id5),
        distances AS (
            SELECT t.id4, t.id5, v3, v3 - mean AS d
            FROM t JOIN means
            ON t.id4 IS NOT DISTINCT FROM means.id4 AND t.id5 IS NOT DISTINCT FROM means.id5)
        SELECT id4, id5, median(v3) AS median_v3,
               CASE WHEN count(d) > 1 THEN sqrt(fsum(d * d) / (count(d) - 1)) END AS sd_v3
        FROM distances GROUP BY id4, id5""",
    "q7": """
        SELECT id3, max(v1) - min(v2) AS range_v1_v2
        FROM t GROUP BY id3""",
    "q8": """
        SELECT id6, v3 AS largest2_v3
        FROM t WHERE v3 IS NOT NULL
        QUALIFY row_number() OVER (PARTITION BY id6 ORDER BY v3 DESC) <= 2""",
    "q9": """
        WITH pairs AS (
            SELECT id2, id4,
                   CASE WHEN v2 IS NOT NULL THEN v1::HUGEINT END AS x,
                   CASE WHEN v1 IS NOT NULL THEN v2::HUGEINT END AS y
            FROM t),
        products AS (
            SELECT id2, id4,
                   (count(x) * sum(x * y) - sum(x) * sum(y))::DOUBLE AS xy,
                   (count(x) * sum(x * x) - sum(x) * sum(x))::DOUBLE AS xx,
                   (count(x) * sum(y * y) - sum(y) * sum(y))::DOUBLE AS yy
            FROM pairs GROUP BY id2, id4)
        SELECT id2, id4, CASE WHEN xx > 0 AND yy > 0 THEN xy / xx * (xy / yy) END AS r2
        FROM products""",
    "q10": """
        SELECT id1, id2, id3, id4, id5, id6, coalesce(fsum(v3), 0) AS v3, count(*) AS count
        FROM t GROUP BY id1, id2, id3, id4, id5, id6""",
}


def oracle(request: dict[str, Any]) -> dict[str, Any]:
    """Answers every step; the answers appear in `out` when all are whole."""
    inputs, out = mapping(request, "inputs"), folder(request, "out")
    source = Path(str(inputs.get("table")))
    if not source.is_file():
        raise Mistake(f"input `table` is no file: {source}; generate it first")
    with tempfile.TemporaryDirectory(dir=out, prefix=".oracle-") as work:
        answer(source, Path(work))
        for step in STEPS:
            Path(work, f"{step}.parquet").replace(out / f"{step}.parquet")
    return {"steps": list(STEPS)}


def answer(source: Path, out: Path) -> None:
    """Writes every step's answer into `out`, where the table and what DuckDB spills beside it lie meanwhile."""
    try:
        with duckdb.connect(str(out / "t.duckdb")) as engine:
            engine.execute(f"SET memory_limit = '{MEMORY}'")
            engine.execute("SET preserve_insertion_order = false")
            engine.execute(LOAD, [str(source), COLUMNS])
            for step, query in STEPS.items():
                engine.sql(query).write_parquet(str(out / f"{step}.parquet"))
    except duckdb.Error as error:
        raise Mistake(f"DuckDB could not answer for {source}: {error}") from error


if __name__ == "__main__":
    sys.exit(serve("oracle", oracle))
