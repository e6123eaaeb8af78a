"""Makes a case's input and truth ready: runs the workload's generate.py and oracle.py once, and keeps both by what they depend on.

A folder of the cache is complete or absent: it is made aside and renamed.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec

from harness import outputs, tabular
from harness.model import Case, Check, Dataset, Step, Tolerance, UserError, Workload, Written, steps_of

Tell = Callable[[str], None]
MAKING = ".making-"
SHARED = "shared"
"""Beside the workloads' folders: scripts that several of them import."""


def folder() -> Path:
    """Where inputs are kept: $BENCH_DATA, or bench/ in the user's cache."""
    if chosen := os.environ.get("BENCH_DATA"):
        return Path(chosen).resolve()
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "bench"


def key(workload: Workload, case: Case) -> str:
    """Names a case's data: digest of the workload's scripts and spec, the parameters, the seed, and the steps where it has its own."""
    own = [case.steps] if case.steps else []
    seen = hashlib.sha256(json.dumps([case.params, case.seed, *own], sort_keys=True).encode())
    scripts = [*sorted(workload.folder.glob("*.py")), *sorted(_shared(workload).glob("*.py"))]
    for path in [*scripts, *sorted(workload.folder.glob("*.t[ox][mt]*"))]:
        seen.update(path.read_bytes())
    return seen.hexdigest()[:24]


def _shared(workload: Workload) -> Path:
    return workload.folder.parent / SHARED


def prepare(workload: Workload, case: Case, tell: Tell) -> Dataset:
    """The case's data, made where it isn't there yet. UserError with the script's own words where it fails."""
    home = folder() / workload.name / key(workload, case)
    manifest = home / "dataset.json"
    if not manifest.exists():
        _make(workload, case, home, tell)
    try:
        data = msgspec.json.decode(manifest.read_bytes(), type=Dataset)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise UserError(f"{manifest}: {error}; remove {home} and try again") from None
    return replace(data, case=case.name, input_bytes=sum(Path(path).stat().st_size for path in data.inputs.values()))


HOME = "$BENCH_DATA"
"""Stands in records for the folder of inputs, which each machine has elsewhere."""


def portable(data: Dataset) -> Dataset:
    """As it is recorded: its paths begin with $BENCH_DATA."""
    return _moved(data, str(folder()), HOME)


def located(data: Dataset) -> Dataset:
    """As it lies on this machine; a path that was recorded otherwise stays as it is."""
    return _moved(data, HOME, str(folder()))


def _moved(data: Dataset, before: str, after: str) -> Dataset:
    def moved(path: str) -> str:
        return after + path.removeprefix(before) if path.startswith(f"{before}/") else path

    return replace(data, inputs={name: moved(path) for name, path in data.inputs.items()}, answers=moved(data.answers))


def _make(workload: Workload, case: Case, home: Path, tell: Tell) -> None:
    try:
        home.parent.mkdir(parents=True, exist_ok=True)
        aside = Path(tempfile.mkdtemp(prefix=MAKING, dir=home.parent))
    except OSError as error:
        raise UserError(f"{home.parent}: {error.strerror}; set BENCH_DATA to a folder that can be written") from None
    try:
        data = _fill(workload, case, aside, home, tell)
        (aside / "dataset.json").write_bytes(msgspec.json.encode(data))
        # A job may run as any user, whatever this one's umask is.
        for path in (aside, *aside.rglob("*")):
            path.chmod(0o755 if path.is_dir() else 0o644)
        aside.rename(home)
    except OSError as error:
        # Another bench may have been quicker: what it made is the same.
        if not (home / "dataset.json").exists():
            raise UserError(f"{home}: {error.strerror}; free some room or set BENCH_DATA to another folder") from None
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def _fill(workload: Workload, case: Case, aside: Path, home: Path, tell: Tell) -> Dataset:
    inputs_dir, answers_dir = aside / "input", aside / "answers"
    downloads = folder() / "downloads"
    for path in (inputs_dir, answers_dir, downloads):
        path.mkdir(parents=True, exist_ok=True)
    tell(f"{case.name}: generating the input")
    ask = {"params": case.params, "seed": case.seed, "out": str(inputs_dir), "cache": str(downloads)}
    made = _script(workload, "generate.py", ask)
    files = {name: inputs_dir / file for name, file in made["inputs"].items()}
    _set_aside(made.get("aside", []), inputs_dir, aside / "aside")
    tell(f"{case.name}: asking the oracle")
    steps = steps_of(case, workload.steps)
    inputs = {name: str(path) for name, path in files.items()}
    ask = {"params": case.params, "seed": case.seed, "steps": [s.name for s in steps], "inputs": inputs}
    ask |= {"out": str(answers_dir), "cache": str(downloads)}
    tallies = _script(workload, "oracle.py", ask).get("tallies", {})
    inputs = {name: str(home / "input" / path.name) for name, path in files.items()}
    found = {step.name: _truth(workload, step, answers_dir) for step in steps}
    answer = {name: next(iter(files.values())) for name, files in found.items()}
    checks = {step.name: _check(workload, step, tallies, answer[step.name]) for step in steps}
    scales = {step.name: _scales(step, answer[step.name]) for step in steps}
    written = {step.name: found[step.name] for step in steps if step.writes}
    digest, facts = _digest(files), made.get("facts", {})
    own = made.get("tolerance")
    tolerance = Tolerance(own["relative"], own["absolute"]) if own else None
    return Dataset(
        case.name, inputs, str(home / "answers"), made["units"], digest, facts, checks, scales, written=written, tolerance=tolerance
    )


def _set_aside(names: Sequence[str], inputs: Path, aside: Path) -> None:
    """Truth that the generator knows and no job may see: only the folder of inputs is shown to one."""
    for name in names:
        aside.mkdir(exist_ok=True)
        (inputs / name).rename(aside / name)


def _script(workload: Workload, name: str, ask: Mapping[str, object]) -> Any:
    """Run one of the workload's scripts: JSON in, JSON out."""
    path = workload.folder / name
    env = {**os.environ, "PYTHONPATH": str(_shared(workload))}
    command = [sys.executable, str(path)]
    done = subprocess.run(command, input=json.dumps(ask), capture_output=True, text=True, check=False, env=env)
    if done.returncode:
        last = (done.stderr.strip() or "no message").splitlines()[-1]
        raise UserError(f"{path}: {last}")
    try:
        return json.loads(done.stdout.splitlines()[-1])
    except (IndexError, ValueError):
        raise UserError(f"{path}: it ended without its line of JSON; workloads/README.md says what it must print") from None


def _truth(workload: Workload, step: Step, answers: Path) -> dict[str, Written]:
    """Rows and sums of the step's answer, and of each table beside it, by the names of a job's files; the answer first."""
    files = outputs.tables(step, workload) if step.writes else {f"{step.name}.csv": step}
    return {name: tabular.truth(outputs.truth(answers, name), table, workload.answer_types) for name, table in files.items()}


def _check(workload: Workload, step: Step, tallies: Mapping[str, Mapping[str, int]], truth: Written) -> Check:
    """What the check of each pass must be."""
    return Check(truth.rows, _tally(workload, step, tallies) if step.writes else {name: truth.sums[name] for name in step.values})


def _scales(step: Step, truth: Written) -> dict[str, float]:
    """Of each sum of the check that of the magnitudes it is made of: the scale of its rounding. A tally is exact."""
    return dict.fromkeys(step.tally, 0.0) if step.writes else {name: truth.scales[name] for name in step.values}


def _tally(workload: Workload, step: Step, tallies: Mapping[str, Mapping[str, int]]) -> dict[str, float]:
    found = tallies.get(step.name, {})
    if set(found) != set(step.tally):
        said = f"the tally of {step.name} is {', '.join(found) or 'absent'}"
        raise UserError(f"{workload.folder / 'oracle.py'}: {said}; workload.toml has {', '.join(step.tally) or 'none'}")
    return {name: float(found[name]) for name in step.tally}


def _digest(files: Mapping[str, Path]) -> str:
    seen = hashlib.sha256()
    for name, path in sorted(files.items()):
        with path.open("rb") as file:
            seen.update(name.encode() + hashlib.file_digest(file, "sha256").digest())
    return f"sha256:{seen.hexdigest()}"


def stored() -> list[dict[str, object]]:
    """Each data set in the cache: workload, case, bytes, folder."""
    rows: list[dict[str, object]] = []
    for manifest in sorted(folder().glob("*/*/dataset.json")):
        try:
            case = msgspec.json.decode(manifest.read_bytes(), type=Dataset).case
        except (msgspec.MsgspecError, UnicodeDecodeError):
            case = "(damaged)"
        size = sum(p.stat().st_size for p in manifest.parent.rglob("*") if p.is_file())
        rows.append({"workload": manifest.parent.parent.name, "case": case, "bytes": size, "folder": str(manifest.parent)})
    return rows


def prune() -> int:
    """Remove every data set, and what a killed harness has left half made; the bytes of the first.

    Downloads stay: they can't be made again without a network.
    """
    rows = stored()
    for left in [*(Path(str(row["folder"])) for row in rows), *folder().glob(f"*/{MAKING}*")]:
        shutil.rmtree(left, ignore_errors=True)
    return sum(int(str(row["bytes"])) for row in rows)
