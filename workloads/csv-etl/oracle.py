"""The truth of csv-etl, by the letter of workload.toml, in plain Python: no engine reads, judges, joins or sums here.

One pass over the file serves every step that is asked for: `<step>.parquet`, and `<step>.rejects.parquet` where the spec has
rejects beside it. Memory does not grow with the file. The operations on a table take every well-formed record.
"""

import csv
import sys
import tempfile
import tomllib
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any, TypeAlias

from records import COLUMNS, records
from request import Mistake, folder, mapping, serve
from rules import TEXT, instant, quick
from tables import Groups, Row, Table

SPEC = tomllib.loads(Path(__file__).with_name("workload.toml").read_text(encoding="utf-8"))
STEPS = {step["name"]: step for step in SPEC["steps"]}
TALLY = ("read", "clean", "dropped", "rejected", "kept", "reject_lines")
NEEDED = ("dep_time", "arr_time", "dep_delay", "arr_delay", "air_time")
"""A row without one of them is dropped."""
WEATHER = ("temp", "wind_speed", "visib")

Sink: TypeAlias = Table | Groups
Sinks: TypeAlias = dict[str, Sink]
Weather: TypeAlias = dict[tuple[str, int, int, int], Row]


def oracle(request: dict[str, Any]) -> dict[str, Any]:
    """Answers the steps that are asked for, or all; the answers appear in `out` when all are whole."""
    inputs, out = mapping(request, "inputs"), folder(request, "out")
    steps = request.get("steps") or list(STEPS)
    if unknown := sorted(set(steps) - set(STEPS)):
        raise Mistake(f"`steps` has unknown {', '.join(unknown)}; known: {', '.join(STEPS)}")
    paths = {name: _file(inputs, name) for name in ("flights", "airlines", "weather")}
    with tempfile.TemporaryDirectory(dir=out, prefix=".oracle-") as work:
        tally = answer(paths, Path(work), steps)
        for path in sorted(Path(work).iterdir()):
            path.replace(out / path.name)
    return {"steps": steps, "tallies": {step: tally for step in steps if "tally" in STEPS[step]}}


def answer(paths: dict[str, Path], out: Path, steps: list[str]) -> dict[str, int]:
    """Writes the steps' answers into `out`; the tally of the file."""
    airlines, weather = read_airlines(paths["airlines"]), read_weather(paths["weather"])
    kept, table = _sinks(out, steps, True), _sinks(out, steps, False)
    rejects = {step: _rejects(out, step) for step in kept}
    tally = dict.fromkeys(TALLY, 0)
    for record in records(paths["flights"]):
        tally["read"] += 1
        reason, fields = quick(record)
        if reason:
            tally["rejected"] += 1
            tally["reject_lines"] += record.line
            _add(rejects, {"line": record.line, "reason": reason})
            continue
        row = typed(fields)
        for step, sink in table.items():
            _operate(step, sink, row, airlines, weather)
        if None in [row[name] for name in NEEDED]:
            tally["dropped"] += 1
            continue
        tally["clean"] += 1
        if row["air_time"] > 0 and row["distance"] >= 500:
            tally["kept"] += 1
            _add(kept, {**derived(row), **joined(row, airlines, weather)})
    for sink in [*kept.values(), *table.values(), *rejects.values()]:
        sink.close()
    return tally


def verdicts(path: Path) -> Iterator[tuple[int, str | None]]:
    """The line of each record of a flights file, and why it is malformed, if it is. Mistake where the whole file is refused."""
    for record in records(path):
        yield record.line, quick(record)[0]


def read_airlines(path: Path) -> dict[str, str]:
    """The airlines' names by carrier."""
    return {row["carrier"]: row["name"] for row in _rows(path)}


def read_weather(path: Path) -> Weather:
    """What is joined of the weather, by origin and the month, day and hour of its time_hour."""
    weather: Weather = {}
    for row in _rows(path):
        time = instant(row["time_hour"])
        if time is None:
            raise Mistake(f"{path}: time_hour {row['time_hour']!r} is no instant; generate the inputs anew")
        weather[row["origin"], time.month, time.day, time.hour] = {
            name: None if row[name] == "NA" else float(row[name]) for name in WEATHER
        }
    return weather


def typed(fields: list[str]) -> dict[str, Any]:
    """A well-formed record's values by column."""
    return {name: None if field == "NA" else parse(field) for name, parse, field in zip(COLUMNS, PARSE, fields, strict=True)}


def derived(row: Row) -> dict[str, Any]:
    """A row that passes the filter, with the columns derived from it; `hour` gives way."""
    time: datetime = row["time_hour"]
    return {
        **row,
        "weekday": time.isoweekday(),
        "hour": time.hour,
        "speed": row["distance"] * 60 / row["air_time"],
        "made_up": row["dep_delay"] - row["arr_delay"],
        "late": 1 if row["arr_delay"] > 15 else 0,
    }


def joined(row: Row, airlines: dict[str, str], weather: Weather) -> Row:
    """The columns that both left joins add."""
    time: datetime = row["time_hour"]
    found = weather.get((row["origin"], time.month, time.day, time.hour), dict.fromkeys(WEATHER))
    return {"name": airlines.get(row["carrier"]), **found}


def _operate(step: str, sink: Sink, row: Row, airlines: dict[str, str], weather: Weather) -> None:
    """One of the operations on a table."""
    if step == "join":
        sink.add({**row, **joined(row, airlines, weather)})
    elif step != "filter" or (row["arr_delay"] is not None and row["arr_delay"] > 15 and row["distance"] >= 500):
        sink.add(row)


def _sinks(out: Path, steps: list[str], cleaned: bool) -> Sinks:
    """Those of the steps that clean, or of the operations on a table."""
    sinks: Sinks = {}
    for step in (STEPS[name] for name in steps):
        if ("tally" in step) == cleaned:
            types = {name: SPEC["answer_types"][name] for name in (*step["keys"], *step["values"])}
            table = Table(out / f"{step['name']}.parquet", types)
            sinks[step["name"]] = Groups(table) if step["name"] == "agg" else table
    return sinks


def _rejects(out: Path, step: str) -> Table:
    return Table(out / f"{step}.rejects.parquet", {"line": "integer", "reason": "text"})


def _add(sinks: Sinks | dict[str, Table], row: Row) -> None:
    for sink in sinks.values():
        sink.add(row)


def _rows(path: Path) -> Iterator[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file)


def _file(inputs: dict[str, Any], name: str) -> Path:
    path = Path(str(inputs.get(name)))
    if not path.is_file():
        raise Mistake(f"input `{name}` is no file: {path}; generate it first")
    return path


def _number_or(name: str) -> Callable[[str], Any]:
    return str if name in TEXT else instant if name == "time_hour" else int


PARSE = tuple(map(_number_or, COLUMNS))


if __name__ == "__main__":
    sys.exit(serve("oracle", oracle))
