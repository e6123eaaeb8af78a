"""Shows a session going by: a live line with the time left on a terminal, one line a job where output is piped."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence

from rich.console import Console
from rich.progress import BarColumn, TaskID, TextColumn
from rich.progress import Progress as Bar

from harness.model import Build, Job, Run, kind

UNKNOWN = "time left unknown until each has run once"


def duration(seconds: float) -> str:
    """`45 s`, `3 min 20 s`, `2 h 5 min`."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    minutes, rest = divmod(whole, 60)
    return f"{minutes} min {rest} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


class Progress:
    """Written to standard error, so that standard output holds results alone."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._live: Bar | None = None
        self._task: TaskID | None = None
        self._todo: list[Job] = []
        self._seconds: dict[tuple[str, str], float] = {}
        self._started = 0.0
        self._titles: dict[str, str] = {}
        self._told = 0.0

    def say(self, text: str) -> None:
        """One line that stays."""
        self._console.print(text, markup=False, highlight=False, soft_wrap=True)

    # --- builds
    def building(self, name: str, number: int, total: int) -> None:
        """A build begins."""
        self._told = time.monotonic()
        self._begin(total, number, f"build {name}")

    def line(self, text: str) -> None:
        """What a build says; only the live line shows it, the log keeps it."""
        if self._live and self._task is not None:
            self._live.update(self._task, detail=text[: max(10, self._console.width - 40)])
        elif time.monotonic() - self._told > 30:
            self._told = time.monotonic()
            self.say(f"  still at: {text[:100]}")

    def built(self, build: Build, number: int, total: int) -> None:
        """A build ended."""
        note = f": {build.reason}" if build.reason else ""
        self.say(f"[{number}/{total}] {build.implementation}: {build.outcome} ({duration(build.seconds)}){note}")

    # --- jobs
    def expect(self, todo: Sequence[Job], history: Mapping[tuple[str, str], float]) -> None:
        """What is to come, and how long such jobs took before."""
        self._todo, self._seconds = list(todo), dict(history)

    def job(self, job: Job, number: int, total: int, under: str = "") -> None:
        """A job begins; of a probe `under` says what is tried."""
        self._started = time.monotonic()
        what = {"verify": "verify", "probe": under}.get(job.kind, f"block {job.block}")
        self._titles[job.id] = self._begin(total, number, f"{what}: {job.label} {job.case}")

    def step(self, text: str) -> None:
        """Something happened in the job."""
        if self._live and self._task is not None:
            self._live.update(self._task, detail=text)

    def ended(self, run: Run) -> None:
        """A job's record is written."""
        seconds = time.monotonic() - self._started
        if run.times.waited_ns and run.times.worked_ns:  # others began meanwhile
            seconds = run.times.worked_ns / 1e9
        title = self._titles.pop(run.job, run.job)
        if run.outcome != "skipped":
            self._seconds[kind(run)] = seconds
        self._todo = [j for j in self._todo if j.id != run.job]
        if self._live and self._task is not None:
            self._live.update(self._task, left=self._left())
        if run.outcome != "ok":
            self.say(f"{run.job}: {run.outcome}: {run.reason}")
        elif run.suspect or not self._live:  # at once: whoever sees one suspect run after the other need not wait for the end
            doubts = "".join(f"; suspect: {why}" for why in run.suspect)
            self.say(f"{title}: {run.outcome}, {seconds:.1f} s; {self._left()}{doubts}")

    def _left(self) -> str:
        """Time left, by what each kind of job took; a kind not yet seen is taken for an average one, and said to be."""
        if not self._seconds:
            return UNKNOWN
        mean = sum(self._seconds.values()) / len(self._seconds)
        unseen = any(kind(j) not in self._seconds for j in self._todo)
        left = sum(self._seconds.get(kind(j), mean) for j in self._todo)
        return f"{'roughly ' if unseen else ''}{duration(left)} left"

    # --- the live line
    def __enter__(self) -> Progress:
        if self._console.is_terminal:
            columns = (TextColumn("{task.description}", markup=False), BarColumn(20), TextColumn("{task.completed:.0f}/{task.total:.0f}"),
                       TextColumn("{task.fields[left]}"), TextColumn("{task.fields[detail]}", markup=False))  # fmt: skip
            self._live = Bar(*columns, console=self._console, transient=True)
            self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._live:
            self._live.stop()
            self._live, self._task = None, None

    def _begin(self, total: int, number: int, title: str) -> str:
        """Shows it; how it is told once it has ended."""
        told = f"[{number}/{total}] {title}"
        if not self._live:
            return told
        if self._task is None:
            self._task = self._live.add_task("", total=total, detail="", left="")
        self._live.update(
            self._task, description=title, total=total, completed=number - 1, detail="", left=self._left() if self._todo else ""
        )
        return told
