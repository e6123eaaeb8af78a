"""Every implementation of batch-inference refuses what is not as the spec has it, in one line; and a wrong weight does not go unseen.

Locally, those that build quickly, in batches of 32 rows.
"""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from model_jobs import WORKLOAD, dataset, each_way, ended, files, interpreter
from spoilt_models import NO_FLOATS, SPOILT

from harness import verify

pytestmark = [pytest.mark.impls, pytest.mark.timeout(900)]


@pytest.mark.parametrize("spoilt", SPOILT)
@each_way
def test_what_is_not_as_the_spec_has_it_is_refused(name: str, model: str, spoilt: str, tmp_path: Path) -> None:
    if spoilt in {"nan", "infinity"} and model in NO_FLOATS:
        pytest.skip("its rows are whole numbers")
    folder = tmp_path / "input"
    shutil.copytree(files(model), folder)
    words = SPOILT[spoilt](folder, model)
    ended(name, model, folder).assert_refused(*words)


@pytest.mark.parametrize(("changed", "why"), [({"batch": 0}, "batch"), ({"batch": 3}, "batch"), ({"rows": 0}, "row")])
@each_way
def test_parameters_that_the_files_do_not_have_are_refused(name: str, model: str, changed: dict[str, int], why: str) -> None:
    ended(name, model, files(model), **changed).assert_refused(why)


def judged(name: str, model: str, folder: Path, answers: Path) -> str | None:
    """Why its whole answer differs from the oracle's on the files as they were, or None."""
    answers.mkdir()
    end = ended(name, model, folder, answers)
    assert (end.code, end.events[-1]["event"]) == (0, "done"), (end.events[-1], end.errors[-2000:])
    steps = [step for step in WORKLOAD.steps if step.name == model]
    made = dataset(model)[1]
    assert made.tolerance
    return verify.answers(answers, steps, WORKLOAD.answer_types, made, made.tolerance)


@each_way
def test_a_planted_wrong_weight_is_caught(name: str, model: str, tmp_path: Path) -> None:
    assert judged(name, model, files(model), tmp_path / "right") is None
    folder = tmp_path / "input"
    shutil.copytree(files(model), folder)
    script = Path(__file__).parent / "fixtures" / "plant_weight.py"
    subprocess.run([interpreter(), script, folder, model], check=True)
    why = judged(name, model, folder, tmp_path / "wrong")
    assert why and "value is" in why
