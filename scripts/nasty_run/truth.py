"""The truth of one nasty file, from the workload's own oracle: refused, or its tally, rejects, kept rows and groups.

The small tables are made here: few rows, so that a file takes milliseconds, and weather that is there, missing in part, or not there.
"""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from types import ModuleType
from typing import Any

Row = Mapping[str, Any]

AIRLINES = "carrier,name\nUA,United Air Lines Inc.\n9E,Endeavor Air Inc.\nAA,American Airlines Inc.\n"
WEATHER = "origin,year,month,day,hour,temp,dewp,humid,wind_dir,wind_speed,wind_gust,precip,pressure,visib,time_hour\n"


@dataclass(frozen=True, slots=True)
class Truth:
    """What must come of a file; `refused` where it has no records because its beginning is wrong."""

    refused: str | None = None
    tally: Mapping[str, int] = field(default_factory=dict)
    rejects: tuple[tuple[int, str], ...] = ()
    rows: tuple[Row, ...] = ()
    groups: tuple[Row, ...] = ()


class Oracle:
    """The workload's scripts, loaded by path as the harness would run them, and the inputs beside the flights."""

    def __init__(self, workload: Path, folder: Path) -> None:
        self._oracle, self._nasty = _load(workload, "oracle", "nasty")
        self.inputs = {"airlines": folder / "airlines.csv", "weather": folder / "weather.csv"}
        self.inputs["airlines"].write_text(AIRLINES)
        self.inputs["weather"].write_text(self._weather())
        self._joins = self._oracle.read_airlines(self.inputs["airlines"]), self._oracle.read_weather(self.inputs["weather"])

    def file(self, seed: int) -> bytes:
        """The file of a seed."""
        made: bytes = self._nasty.nasty(seed)
        return made

    def truth(self, flights: Path) -> Truth:
        """What must come of a file."""
        tally: dict[str, int] = dict.fromkeys(self._oracle.TALLY, 0)
        rejects: list[tuple[int, str]] = []
        rows: list[Row] = []
        try:
            for record in self._oracle.records(flights):
                tally["read"] += 1
                reason, fields = self._oracle.quick(record)
                if reason:
                    tally["rejected"] += 1
                    tally["reject_lines"] += record.line
                    rejects.append((record.line, reason))
                else:
                    self._well_formed(self._oracle.typed(fields), tally, rows)
        except self._oracle.Mistake as mistake:
            return Truth(refused=str(mistake))
        return Truth(None, tally, tuple(rejects), tuple(rows), self._groups(rows))

    def _well_formed(self, row: dict[str, Any], tally: dict[str, int], rows: list[Row]) -> None:
        if any(row[name] is None for name in self._oracle.NEEDED):
            tally["dropped"] += 1
            return
        tally["clean"] += 1
        if row["air_time"] > 0 and row["distance"] >= 500:
            tally["kept"] += 1
            rows.append(self._oracle.derived(row) | self._oracle.joined(row, *self._joins))

    def _groups(self, rows: list[Row]) -> tuple[Row, ...]:
        groups: list[Row] = []
        table = self._oracle.Groups(_Collected(groups))
        for row in rows:
            table.add(row)
        table.close()
        return tuple(groups)

    def _weather(self) -> str:
        """An hour of weather for every other instant that nasty files know, missing in part for every fourth."""
        times = {self._oracle.instant(text.decode()) for text in (*self._nasty.TIMES, b"2013-07-04T15:00:00Z")}
        hours = sorted({(time.month, time.day, time.hour) for time in times if time and (time.month, time.day) != (2, 29)})
        lines = []
        for number, (origin, hour) in enumerate((origin, hour) for origin in ("EWR", "JFK", "LGA") for hour in hours):
            if number % 2 == 0:
                time = datetime(2013, *hour)
                temp = "NA" if number % 4 == 0 and hour[0] != 7 else f"{39 + number / 8}"
                there = f"{origin},2013,{hour[0]},{hour[1]},{hour[2]},{temp},26.06,59.37,270,{number / 7},NA,0,1012,10"
                lines.append(f"{there},{time:%Y-%m-%dT%H:%M:%SZ}\n")
        return WEATHER + "".join(lines)


class _Collected:
    """Stands in for a table that is written."""

    def __init__(self, rows: list[Row]) -> None:
        self.add = rows.append

    def close(self) -> None:
        """Nothing is open."""


def _load(folder: Path, *names: str) -> list[ModuleType]:
    """Modules of a workload's folder. They leave no trace: other workloads have modules of the same names."""
    before, paths = set(sys.modules), [str(folder), str(folder.parent / "shared")]
    sys.path[:0] = paths
    try:
        return [_module(folder, name) for name in names]
    finally:
        del sys.path[: len(paths)]
        for name in set(sys.modules) - before:
            if str(getattr(sys.modules[name], "__file__", None)).startswith(tuple(paths)):
                del sys.modules[name]


def _module(folder: Path, name: str) -> ModuleType:
    found = importlib.util.spec_from_file_location(f"{folder.name} {name}", folder / f"{name}.py")
    assert found and found.loader
    module = importlib.util.module_from_spec(found)
    sys.modules[found.name] = module
    found.loader.exec_module(module)
    return module
