"""Speaks impls/PROTOCOL.md in full with the standard library alone, and does the workload `count` honestly.

Each variant overrides one method to do one thing wrong, and is right in all else.
"""

from __future__ import annotations

import csv
import gc
import hashlib
import heapq
import json
import os
import platform
import resource
import sys
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

Row = tuple[Any, ...]
COLUMNS = {"sums": ("key", "n", "rows"), "means": ("key", "x")}
KEEP = 4096


class Refused(Exception):
    """What ends as an `error` event: its kind and its message."""


class Longest:
    """Counts intervals and keeps the longest ones."""

    def __init__(self) -> None:
        self.count = self.total = self.longest = self.noted = 0
        self._heap: list[tuple[int, int, str]] = []

    def add(self, start_ns: int, wall_ns: int, kind: str = "", threshold_ns: int = 0) -> None:
        self.count, self.total, self.longest = self.count + 1, self.total + wall_ns, max(self.longest, wall_ns)
        if wall_ns >= threshold_ns:
            self.noted += 1
            push = heapq.heappush if len(self._heap) < KEEP else heapq.heappushpop
            push(self._heap, (wall_ns, start_ns, kind))

    def events(self) -> list[dict[str, object]]:
        found = sorted((start, wall, kind) for wall, start, kind in self._heap)
        return [{"start_ns": start, "wall_ns": wall, **({"kind": kind} if kind else {})} for start, wall, kind in found]

    @property
    def dropped(self) -> int:
        return self.noted - len(self._heap)


class Meter(threading.Thread):
    """The stall meter: sleeps, and notes by how much it overslept."""

    def __init__(self, interval_ns: int, threshold_ns: int) -> None:
        super().__init__(daemon=True)
        self.interval, self.threshold, self.seen = interval_ns, threshold_ns, Longest()
        self.histogram, self.on = [0] * 32, True

    def run(self) -> None:
        while self.on:
            due = time.monotonic_ns() + self.interval
            time.sleep(self.interval / 1e9)
            over = max(0, time.monotonic_ns() - due)
            self.histogram[min(31, max(0, (over // 1000).bit_length() - 1))] += 1
            self.seen.add(due, over, threshold_ns=self.threshold)

    def stop(self) -> dict[str, object]:
        self.on = False
        self.join()
        seen = self.seen
        return {
            "interval_ns": self.interval, "threshold_ns": self.threshold, "count": seen.count, "total_over_ns": seen.total,
            "max_over_ns": seen.longest, "histogram": self.histogram, "events": seen.events(), "dropped": seen.dropped,
        }  # fmt: skip


class Honest:
    """The course of a job; the methods under "what variants change" do nothing of note here."""

    threads = 1
    workload = "count"
    columns: Mapping[str, tuple[str, ...]] = COLUMNS
    writes: tuple[str, ...] = ()

    def __init__(self) -> None:
        self.ask: Mapping[str, Any] = {}
        self.table: list[list[str]] = []
        self.results: dict[str, list[Row]] = {}
        self.samples = 0
        self.pauses, self._pause_began = Longest(), 0

    # --- what variants change
    def prepare(self) -> None:
        """Between the request and `ready`."""

    def turn(self) -> None:
        """Until the next pass has its turn."""
        sys.stdin.buffer.readline()

    def half_way(self) -> None:
        """After the first step, with its samples and its answer out."""

    def loops(self) -> int:
        return int(self.ask["params"]["loops"])

    def sample(self, fields: dict[str, Any]) -> dict[str, Any]:
        return fields

    def file_rows(self, rows: list[Row]) -> list[Row]:
        return rows

    def finish(self) -> None:
        """Hold everything until standard input ends."""
        sys.stdin.buffer.read()

    # --- the wire
    def write(self, data: bytes) -> None:
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()

    def emit(self, event: str, **fields: object) -> None:
        self.write(json.dumps({"event": event, **fields}, allow_nan=False).encode() + b"\n")

    def hello(self) -> None:
        self.emit(
            "hello", protocol=1, language="fake", variant=Path(sys.argv[0]).resolve().parent.name,
            runtime=f"{platform.python_implementation()} {platform.python_version()}", libraries={},
            parallelism=len(os.sched_getaffinity(0)), clock="CLOCK_MONOTONIC", allocator=None, now_ns=time.monotonic_ns(),
        )  # fmt: skip

    def run(self) -> None:
        self.hello()
        line = sys.stdin.buffer.readline()
        if not line:
            return
        try:
            self._serve(line)
        except Refused as refused:
            self._error(*refused.args)
        except MemoryError as error:
            self._error("memory", str(error))
        except OSError as error:
            self._error("input", str(error))
        except Exception as error:
            self._error("internal", repr(error))

    def _error(self, kind: str, message: str) -> None:
        self.emit("error", kind=kind, message=" ".join(message.split()))
        sys.exit(1)

    def _serve(self, line: bytes) -> None:
        ask = self.ask = json.loads(line)
        if ask["protocol"] != 1:
            raise Refused("unsupported", f"protocol {ask['protocol']}, this program speaks 1")
        if unknown := [ask["workload"]] if ask["workload"] != self.workload else [s for s in ask["steps"] if s not in self.columns]:
            raise Refused("unsupported", f"{unknown[0]} is unknown here")
        gc.callbacks.append(self._collected)
        self.prepare()
        self.emit("ready", now_ns=time.monotonic_ns(), threads=self.threads)
        meter = Meter(**ask["meter"]) if ask["meter"] else None
        if meter:
            meter.start()
        self._timed("load", 1, False)
        for number, step in enumerate(ask["steps"]):
            self._step(step)
            if number == 0:
                self.half_way()
        self._last_events(meter)
        self.finish()

    def _step(self, step: str) -> None:
        rows: list[Row] = []
        for number in range(1, self.ask["warmup"] + self.ask["timed"] + 1):
            if self.ask["turns"]:
                self.turn()
            rows = self._timed(step, number, number <= self.ask["warmup"])
        if self.ask["answers"] and step not in self.writes:
            path = Path(self.ask["answers"]) / f"{step}.csv"
            with path.open("w", encoding="utf-8", newline="") as file:
                out = csv.writer(file, lineterminator="\n")
                out.writerows([self.columns[step], *self.file_rows(rows)])
            digest = hashlib.sha256(path.read_bytes()).hexdigest()
            self.emit("answer", step=step, path=str(path), rows=len(rows), sha256=digest)

    def _timed(self, step: str, number: int, warmup: bool) -> list[Row]:
        work = getattr(self, f"_{step}")
        before, start = resource.getrusage(resource.RUSAGE_SELF), time.monotonic_ns()
        rows = work()
        end, after = time.monotonic_ns(), resource.getrusage(resource.RUSAGE_SELF)
        fields = {
            "index": self.samples, "step": step, "pass": number, "warmup": warmup, "start_ns": start, "wall_ns": end - start,
            "user_ns": round((after.ru_utime - before.ru_utime) * 1e9), "system_ns": round((after.ru_stime - before.ru_stime) * 1e9),
            "units": len(self.table), "check": None if step == "load" else self._check(step, rows),
        }  # fmt: skip
        self.samples += 1
        self.emit("sample", **self.sample(fields))
        return rows

    def _check(self, step: str, rows: list[Row]) -> dict[str, object]:
        values = enumerate(self.columns[step][1:], 1)
        return {"rows": len(rows), "sums": {name: sum(v for r in rows if isinstance(v := r[i], int | float)) for i, name in values}}

    def _last_events(self, meter: Meter | None) -> None:
        gc.callbacks.remove(self._collected)
        seen = self.pauses
        self.emit("pauses", collector="CPython gc", count=seen.count, total_ns=seen.total, cpu_share=None,
                  events=seen.events(), dropped=seen.dropped, clock_error_ns=None)  # fmt: skip
        if meter:
            self.emit("stalls", **meter.stop())
        used = resource.getrusage(resource.RUSAGE_SELF)
        peak = next(line.split()[1] for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
        usage = {
            "minor_faults": used.ru_minflt, "major_faults": used.ru_majflt, "voluntary_switches": used.ru_nvcsw,
            "involuntary_switches": used.ru_nivcsw, "peak_rss_bytes": int(peak) * 1024,
        }  # fmt: skip
        self.emit("done", now_ns=time.monotonic_ns(), usage=usage, runtime_memory={})

    def _collected(self, phase: str, info: Mapping[str, int]) -> None:
        if phase == "start":
            self._pause_began = time.monotonic_ns()
        else:
            self.pauses.add(self._pause_began, time.monotonic_ns() - self._pause_began, f"generation {info['generation']}")

    # --- the work, all of which is done in `load`: a step takes its loops and its sleep alone, so that five loops of a hundred more are
    # five per cent more of its time, and not of a part of it
    def _load(self) -> list[Row]:
        with Path(self.ask["inputs"]["table"]).open(encoding="utf-8", newline="") as file:
            self.table = list(csv.reader(file))[1:]
        groups = self._by_key(1).items()
        self.results["sums"] = sorted((key, sum(int(v) for v in group if v), len(group)) for key, group in groups)
        known = ((key, [float(v) for v in group if v]) for key, group in self._by_key(2).items())
        self.results["means"] = sorted((key, sum(some) / len(some) if some else None) for key, some in known)
        return []

    def _by_key(self, column: int) -> dict[str, list[str]]:
        groups: dict[str, list[str]] = {}
        for row in self.table:
            groups.setdefault(row[0], []).append(row[column])
        return groups

    def _sums(self) -> list[Row]:
        for _ in range(self.loops()):
            pass
        if linger_ms := self.ask["params"]["linger_ms"]:
            time.sleep(linger_ms / 1000)
        return self.results["sums"]

    def _means(self) -> list[Row]:
        return self.results["means"]


class Keeper(Honest):
    """The workload `keep`, honestly: the step `kept` writes its rows, and beside them the lines that it left out."""

    workload = "keep"
    columns: Mapping[str, tuple[str, ...]] = {"kept": ("line", "key", "at", "n", "x"), "rows": ("key", "rows")}
    writes: tuple[str, ...] = ("kept",)

    # --- what variants change
    def written(self, rows: list[Row]) -> list[Row]:
        return rows

    def half_written(self) -> None:
        """The rows are in their file, which is not yet where it belongs."""

    def published(self, outputs: Path) -> None:
        """The files of the pass lie where they belong."""

    # --- the work
    def _load(self) -> list[Row]:
        with Path(self.ask["inputs"]["table"]).open(encoding="utf-8", newline="") as file:
            self.table = list(csv.reader(file))[1:]
        return []

    def _rows(self) -> list[Row]:
        return sorted((key, len(group)) for key, group in self._by_key(1).items())

    def _kept(self) -> list[Row]:
        outputs = Path(self.ask["outputs"])
        working = outputs / ".part"
        working.mkdir()
        lines = list(enumerate(self.table, 2))
        kept = [(line, key, instant(line), int(n), x) for line, (key, n, x) in lines if n]
        write_csv(working / "kept.csv", [self.columns["kept"], *self.written(kept)])
        self.half_written()
        write_csv(working / "kept.rest.csv", [("line",), *((line,) for line, row in lines if not row[1])])
        for file in working.iterdir():
            file.rename(outputs / file.name)
        working.rmdir()
        self.published(outputs)
        return kept

    def _check(self, step: str, rows: list[Row]) -> dict[str, object]:
        if step not in self.writes:
            return super()._check(step, rows)
        return {"rows": len(rows), "sums": {"read": len(self.table), "kept": len(rows)}}


def instant(line: int) -> str:
    return f"2013-01-01T00:{line // 60 % 60:02}:{line % 60:02}Z"


def write_csv(path: Path, rows: list[Row]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows(rows)
