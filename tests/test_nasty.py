"""Nasty files: what sets an answer apart from the truth is caught, and every quick implementation here gets through a stretch of them."""

import json
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
from click.testing import CliRunner

from harness import catalog

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "scripts"))
import nasty  # noqa: E402
from nasty_run.programs import Program, Runner  # noqa: E402

FAKE = ROOT / "tests" / "fakes" / "nasty" / "answers.py"
WORKLOAD = catalog.load(ROOT).workloads[nasty.WORKLOAD]
SEEDS = (317, 318, 319, 316)
"""Three files with rejects and kept rows, one of them at two threads; the last is to be refused."""


def findings(tmp_path: Path, fault: str, monkeypatch: pytest.MonkeyPatch, seeds: Sequence[int] = SEEDS) -> list[nasty.Finding]:
    """What is found of a fake with the fault."""
    monkeypatch.setattr(Runner.__init__, "__defaults__", (2.0,))
    fake = Program("fake/one", (sys.executable, str(FAKE), fault), {}, ("agg", "csv"))
    bench = nasty.Bench(WORKLOAD, [fake], tmp_path)
    return [finding for seed in seeds for finding in bench.run(seed)]


def kinds(found: list[nasty.Finding]) -> set[str]:
    return {difference.kind for finding in found for difference in finding.differences}


def test_the_oracles_own_answers_agree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = findings(tmp_path, "honest", monkeypatch)
    assert kinds(found) == set()
    assert {finding.threads for finding in found} == {1, 2}
    assert [finding.refused for finding in found] == [False, False, False, True]


@pytest.mark.parametrize(("fault", "kind"), [("loses", "rows"), ("misjudges", "rejects"), ("dies", "crashed"), ("takes", "refusal")])
def test_a_planted_fault_is_caught(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fault: str, kind: str) -> None:
    assert kinds(findings(tmp_path, fault, monkeypatch)) == {kind}


def test_a_program_that_hangs_is_ended_and_what_it_leaves_is_no_ones_hindrance(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert kinds(findings(tmp_path, "hangs", monkeypatch, SEEDS[:2])) == {"hung"}


def test_a_lost_row_is_named_with_its_seed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake = Program("fake/one", (sys.executable, str(FAKE), "loses"), {}, ("agg", "csv"))
    monkeypatch.setattr(nasty, "programs", lambda *_: [fake])
    text = CliRunner().invoke(nasty.main, ["--seed", "317"])
    assert text.exit_code == 1
    assert "--seed 317 --select fake/one" in text.output
    found = json.loads(CliRunner().invoke(nasty.main, ["--seed", "317", "--json"]).stdout)
    assert (found["seeds"], found["findings"][0]["differences"][0]["kind"]) == ([317], "rows")


def test_an_unknown_implementation_is_named() -> None:
    said = CliRunner().invoke(nasty.main, ["--select", "no/one"])
    assert said.exit_code == 1
    assert "no/one" in said.output


@pytest.mark.impls
@pytest.mark.timeout(1800)
def test_every_quick_implementation_agrees_on_nasty_files() -> None:
    said = CliRunner().invoke(nasty.main, ["--quick", "--seeds", "1000..1150"])
    assert said.exit_code == 0, said.output
