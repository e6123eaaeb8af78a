"""The search for the least passing memory limit: it ends, ends at the floor, and distrusts luck."""

from __future__ import annotations

from dataclasses import replace
from io import StringIO

from hypothesis import given
from hypothesis import strategies as st
from page_sessions import KNOWN, NOTHING, runs, session
from rich.console import Console

from harness.memory_floor import LEAST, MIB, Try, following, result
from harness.model import Outcome, Run, Session
from harness.report import page, terminal
from harness.report.held import held, sentences

MOST = 8192 * MIB


def searched(floor: int, start: int, most: int = MOST) -> list[Try]:
    tries: list[Try] = []
    while (limit := following(tries, start, most)) is not None:
        tries.append(Try(limit, "ok" if limit >= floor else "oom"))
        assert len(tries) < 60
    return tries


@given(st.integers(1, 9000), st.integers(1, 9000))
def test_the_search_ends_within_a_twentieth_of_the_true_floor(floor_mib: int, start_mib: int) -> None:
    floor = floor_mib * MIB
    found = result(searched(floor, start_mib * MIB), start_mib * MIB, MOST)
    assert found.settled
    if floor > MOST:
        assert (found.least, found.below, found.fate) == (None, MOST, "oom")
        return
    assert found.least is not None and max(floor, LEAST) <= found.least <= max(LEAST, floor * 1.05 + 2 * MIB)
    assert found.below is None or found.below < floor


@given(st.integers(1, 9000), st.integers(1, 9000))
def test_every_limit_is_lawful_and_none_but_the_last_is_tried_twice(floor_mib: int, start_mib: int) -> None:
    limits = [t.limit for t in searched(floor_mib * MIB, start_mib * MIB)]
    assert all(LEAST <= limit <= MOST and limit % MIB == 0 for limit in limits)
    assert len(set(limits)) >= len(limits) - 1


def test_a_search_that_was_broken_off_goes_on_from_its_tries() -> None:
    whole = searched(100 * MIB, 300 * MIB)
    for cut in range(len(whole)):
        assert following(whole[:cut], 300 * MIB, MOST) == whole[cut].limit


def test_a_limit_that_passes_by_luck_counts_as_failed() -> None:
    tries = [Try(64 * MIB, "ok"), Try(32 * MIB, "oom"), Try(45 * MIB, "ok"), Try(45 * MIB, "oom")]
    assert result(tries, 64 * MIB, MOST).below == 45 * MIB
    assert following(tries, 64 * MIB, MOST) == 53 * MIB


def test_a_hang_under_the_limit_is_a_failure_and_is_told() -> None:
    found = result([Try(64 * MIB, "ok"), Try(62 * MIB, "timeout")], 64 * MIB, MOST)
    assert (found.least, found.below, found.fate, found.settled) == (64 * MIB, 62 * MIB, "timeout", False)


def probes(made: Session, recorded: list[Run]) -> list[Run]:
    """Of the first label a settled search, of the second one that was broken off, of the third nothing that passed."""
    first, second, third = made.labels[:3]

    def under(label: str, *tries: tuple[int, Outcome]) -> list[Run]:
        like = next(run for run in recorded if run.label == label and run.case == "1e6")
        limits = like.limits
        return [
            replace(like, kind="probe", outcome=o, limits=replace(limits, memory_bytes=m * MIB), anon_peak_bytes=7 * MIB) for m, o in tries
        ]

    most = made.cases[0].memory_bytes // MIB
    return [*under(first, (20, "ok"), (10, "oom"), (19, "oom"), (20, "ok")), *under(second, (64, "ok")), *under(third, (most, "oom"))]


def test_what_was_searched_is_told_on_the_terminal_and_on_the_page() -> None:
    made = session(blocks=2)
    recorded = runs(made)
    found = probes(made, recorded)
    first, second, third = made.labels[:3]
    assert sentences(held(made, found)) == [
        f"1e6: least memory limit that a pass can do with: {first} 20.0 MiB, {second} 64.0 MiB; {third} ended well under no limit "
        "that was tried; a search was broken off: bench run --resume DIR --memory-floor."
    ]
    text = page.html(page.Material(made, recorded, NOTHING, KNOWN, probes=found))
    assert "Least memory" in text and "the search was broken off" in text and "7.00 MiB" in text
    assert "Least memory" not in page.html(page.Material(made, recorded, NOTHING, KNOWN))
    assert f"| {first} | 1e6 | 20.0 MiB | 19.0 MiB | oom | 4 |" in page.markdown(
        page.Material(made, recorded, NOTHING, KNOWN, probes=found)
    )


def test_a_session_that_only_searched_tells_nothing_of_time() -> None:
    made = session(blocks=2)
    found = probes(made, runs(made))
    out = StringIO()
    terminal.render(replace(made, blocks=0), [], Console(file=out, width=200), (), found)
    assert out.getvalue().startswith("1e6: least memory limit") and "fastest" not in out.getvalue()
