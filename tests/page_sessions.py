"""Judgements made up for the page's tests, from the made-up sessions: the shape of real ones, their words chosen and not judged."""

from collections.abc import Sequence
from dataclasses import replace

import report_sessions
from report_sessions import KINDS

from harness import stats
from harness.model import (
    Calibration,
    Cell,
    Claim,
    Contrast,
    Exclusion,
    Floor,
    Judgement,
    Run,
    Session,
    Undecidable,
    Verdict,
    Word,
)

NOTHING = Judgement((), (), {})
UNKNOWN = Calibration(0, 0, None, None)
KNOWN = Calibration(64, 3, 0.0098, 0.1309, sessions=("a", "b"))
UNDECIDABLE = (Undecidable("learning curve", "needs people, not programs"), Undecidable("governance", "no figure stands for it"))
HOSTILE = "<script>alert(1)</script> \"quoted\" 'single' & | `tick` \x1b[31m \u202egnp.exe \x00 {{ 7*7 }} </style><img src=x onerror=a(2)>"
"""What a job might write to spoil the page of whoever reads about it."""


def session(blocks: int = 10, names: Sequence[str] = tuple(KINDS), cases: Sequence[str] = ("1e6", "1e7"), again: bool = True) -> Session:
    """A session with its A/A arm: the first implementation runs twice in each block."""
    made = report_sessions.session(blocks, names, cases)
    made = replace(made, environment=ENVIRONMENT, facts=dict.fromkeys(names, FACTS))
    if not again or not names:
        return made
    again_ = [job for job in made.jobs if job.implementation == names[0] and job.block]
    twins = tuple(replace(job, id=f"{job.id}-again", arm="again", position=job.position + 100) for job in again_)
    return replace(made, jobs=made.jobs + twins, again=names[0])


def runs(made: Session) -> list[Run]:
    """A run for every job, with a state of the machine that wanders."""
    return [
        replace(run, arm=job.arm, state_before={**STATE, "load_1min": 0.5 + number % 7 / 5}, state_after={**STATE, "load_1min": 1.0})
        for number, (run, job) in enumerate(zip(report_sessions.runs(made), made.jobs, strict=True))
    ]


STATE: dict[str, object] = {"load_1min": 0.7, "pressure_cpu": 2.5, "pressure_memory": 0.0, "pressure_io": 0.1, "steal_s": 21.2,
                            "temperature_c": None, "mhz": 2600.0, "memory_available_bytes": 23 << 30}  # fmt: skip
ENVIRONMENT: dict[str, object] = {
    "machine": {"cpu_model": "a CPU made up", "cpus": 2, "memory_bytes": 24 << 30, "mitigations": {"spectre_v2": "some"}, "turbo": None},
    "software": {"python": "3.11", "dirty": False, "packages": {"numpy": "2"}},
}
FACTS: dict[str, object] = {
    "summary": "made up for a test",
    "runtime": {"allocator": "malloc", "flags": ["-O3"], "collector": "none"},
    "dependencies": {"direct": ["numpy==2"], "inside": "C"},
    "code": {"lines": 321, "tokens": 2345, "files": 2},
    "ledger": {"reviewed": [{"against": "a guide", "finding": "as it says"}], "notes": ["a note"]},
}


def judgement(made: Session, given: Sequence[Run], words: Sequence[Word] = ("supported", "refuted", "mixed", "inconclusive")) -> Judgement:
    """One claim a word over pairs of the session's labels, then two that nothing measures."""
    floors = {"seconds": Floor(0.03, 0.041, 2), "peak_memory": Floor(0.03, None, 0)}
    verdicts = [
        _verdict(number, word, [c for case in made.cases for c in _cells(case.name, number, word, made, given)])
        for number, word in enumerate(words, 1)
        if len(made.labels) > 1
    ]
    return Judgement(
        (*verdicts, *(_verdict(number, "not measured", []) for number in (20, 21))), stats.exclusions(given), {made.id: floors}
    )


def _cells(case: str, number: int, word: Word, made: Session, given: Sequence[Run]) -> list[Cell]:
    labels, figures = made.labels, stats.by_block(given, stats.steady_seconds)
    to, of = labels[number % len(labels)], labels[(number + 3) % len(labels)]
    contrast = Contrast(f"{of} against {to}", made.workload, (case,), "seconds", of, to, least=1.1, most=None if number % 2 else 4.0)
    ratio = stats.compare(to, of, figures.get((to, case), {}), figures.get((of, case), {}))
    if ratio is None:
        return [Cell(contrast, made.id, case, "not measured", "no block has both")]
    jobs = tuple(run.job for run in given if run.label in {of, to} and run.case == case and run.kind == "timed")
    lost = (Exclusion(of, case, "its CPU was throttled", jobs[:1]),)
    own: Word = word if word != "mixed" else ("supported" if case == "1e6" else "refuted")
    needed = 14 if word == "inconclusive" else None
    return [
        Cell(contrast, made.id, case, own, "the interval says so", ratio, ratio.low, ratio.high, 0.001 * number, Floor(0.03, 0.041, 2),
             needed, jobs=jobs, excluded=lost)
    ]  # fmt: skip


def _verdict(number: int, word: Word, cells: Sequence[Cell]) -> Verdict:
    claim = Claim(
        f"X{number:02d}", f"Claim number {number} holds of what was compared", "A section", f"What claim {number} says, in our words.",
        "all", 10, tuple(dict.fromkeys(c.contrast for c in cells)), ("a workload that does not exist yet",) if number > 9 else (),
        ("a note",), f"sha256:{number:064x}",
    )  # fmt: skip
    p = 0.001 * number if cells else None
    why = "no workload measures it yet" if word == "not measured" else f"{len(cells)} cells: as their intervals say"
    return Verdict(claim, word, why, tuple(cells), None, p, p and p * 4, 4, number % 2 == 0, f"bench run --claim X{number:02d}")
