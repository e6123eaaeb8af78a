"""The one-way flow, walked through the imports: who may know whom, who may touch the world, and how long a file may be."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
HARNESS = ROOT / "harness"
LIMIT = 400

PURE = {"model"}
ALLOWED: dict[str, set[str]] = {
    "__init__": set(),
    "model": set(),
    "catalog": PURE,
    "registry": PURE,
    "plan": PURE,
    "protocol": PURE,
    "stats": PURE,
    "fingerprint": PURE,
    "compare": PURE | {"fingerprint", "stats"},
    "claims": PURE | {"stats"},
    "tabular": PURE,
    "verify": PURE | {"tabular"},
    "outputs": PURE | {"tabular", "verify"},
    "blame": PURE,
    "recovery": PURE | {"blame"},
    "traffic": PURE | {"blame", "recovery", "verify"},
    "codesize": PURE,
    "environment": set(),
    "seal": set(),
    "memory_floor": PURE,
    "pace": PURE | {"stats"},
    "highest_rate": {"pace"},
    "migrate": set(),
    "store": PURE | {"migrate", "seal"},
    "data": PURE | {"outputs", "tabular"},
    "progress": PURE,
    "runner": PURE | {"protocol", "plan", "environment"},
    "report": PURE | {"blame", "claims", "compare", "highest_rate", "memory_floor", "pace", "stats"},
    "doctor": {"catalog", "data", "environment", "runner"},
    "searching": PURE | {"highest_rate", "memory_floor", "pace", "plan", "store"},
    "probing": PURE | {"searching", "session", "store"},
    "turns": PURE | {"runner"},
    "session": PURE | {"catalog", "environment", "outputs", "plan", "runner", "store", "traffic", "turns", "verify"},
    "options": PURE | {"catalog"},
    "building": PURE | {"catalog", "progress", "runner"},
    "choosing": PURE | {"building", "catalog", "plan", "runner", "searching", "session"},
    "listing": PURE | {"catalog"},
    "measure": PURE
    | {
        "building",
        "catalog",
        "choosing",
        "codesize",
        "data",
        "environment",
        "plan",
        "probing",
        "progress",
        "runner",
        "searching",
        "session",
        "store",
    },
    "cli": PURE
    | {
        "building",
        "catalog",
        "choosing",
        "claims",
        "compare",
        "data",
        "doctor",
        "listing",
        "measure",
        "options",
        "pace",
        "plan",
        "progress",
        "protocol",
        "registry",
        "report",
    }
    | {"runner", "stats", "store"},
}
"""What each part may import of ours; `__version__` is free. Only `measure` and `session` conduct; only `cli` sees both halves."""

WORLD = {"subprocess", "socket", "docker", "psutil", "requests", "urllib", "http", "ctypes"}
MAY_TOUCH_THE_WORLD = {"runner", "environment", "data"}
FILES = sorted(HARNESS.rglob("*.py"))
OURS = sorted(p for top in ("harness", "tests", "workloads", "impls", "scripts") for p in (ROOT / top).rglob("*.py"))


def part(path: Path) -> str:
    """The step of the flow that a file belongs to: a module, or the folder that holds it."""
    inside = path.relative_to(HARNESS)
    return inside.parts[0] if len(inside.parts) > 1 else inside.stem


def imports(path: Path) -> Iterator[str]:
    """Every module that a file imports, wherever in it, with its dots."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (a.name for a in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno}: relative imports hide the flow"
            yield from ([f"harness.{a.name}" for a in node.names] if node.module == "harness" else [node.module or ""])


def ours(path: Path) -> set[str]:
    return {name.split(".")[1] for name in imports(path) if name.startswith("harness.")} - {part(path)}


def shown(paths: list[Path]) -> list[str]:
    return [str(p.relative_to(ROOT)) for p in paths]


@pytest.mark.parametrize("path", FILES, ids=shown(FILES))
def test_a_module_knows_only_what_stands_before_it(path: Path) -> None:
    assert part(path) in ALLOWED, "a new part needs its place in the flow: add it to the table"
    assert ours(path) <= ALLOWED[part(path)]


def test_the_table_has_no_circle_and_no_ghost() -> None:
    assert set(ALLOWED) == {part(p) for p in FILES}
    done: set[str] = set()
    while rest := set(ALLOWED) - done:
        ready = {name for name in rest if ALLOWED[name] <= done}
        assert ready, f"a circle among {sorted(rest)}"
        done |= ready


def test_nobody_imports_the_command_line() -> None:
    assert not [p for p in FILES if part(p) != "cli" and any(name.startswith("harness.cli") for name in imports(p))]


def test_measuring_and_reporting_meet_only_in_the_command_line() -> None:
    measuring = {"building", "choosing", "runner", "session", "measure", "verify", "environment", "data", "store"}
    assert {part(p) for p in FILES if ours(p) & {"report", "stats"} and ours(p) & measuring} == {"cli"}


@pytest.mark.parametrize("path", FILES, ids=shown(FILES))
def test_only_those_who_measure_touch_the_world(path: Path) -> None:
    if part(path) not in MAY_TOUCH_THE_WORLD:
        assert not {name.split(".")[0] for name in imports(path)} & WORLD


def test_reports_write_files_and_read_none() -> None:
    text = "\n".join(p.read_text() for p in FILES if part(p) == "report")
    assert not re.search(r"\.read_(text|bytes|parquet|csv)\(|\bopen\(|runs\.jsonl|session\.json", text)


def test_the_runner_knows_no_statistic() -> None:
    imported = {name.split(".")[0] for p in FILES if part(p) in {"runner", "session"} for name in imports(p)}
    assert not imported & {"numpy", "scipy", "statistics", "polars", "pandas"}


def test_what_is_measured_imports_nothing_of_the_harness() -> None:
    inside = [p for p in OURS if p.relative_to(ROOT).parts[0] in {"workloads", "impls"}]
    assert inside
    assert not [p for p in inside if any(name.split(".")[0] == "harness" for name in imports(p))]


def names_of_folders() -> set[str]:
    """Every workload, language with its variants, as a word that the harness must not know."""
    workloads = {p.parent.name for p in ROOT.glob("workloads/*/workload.toml")}
    variants = {f"{p.parent.parent.name}/{p.parent.name}" for p in ROOT.glob("impls/*/*/impl.toml")}
    return workloads | variants


def strings(path: Path) -> Iterator[tuple[int, str]]:
    """String constants that are code: neither docstrings nor the examples of a help text, which may name what there is."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    prose = {id(n.value) for n in ast.walk(tree) if isinstance(n, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in prose and "\b" not in node.value:
            yield node.lineno, node.value


@pytest.mark.parametrize("path", FILES, ids=shown(FILES))
def test_the_harness_names_no_workload_and_no_implementation(path: Path) -> None:
    words = names_of_folders()
    assert words
    named = [(line, text) for line, text in strings(path) for word in words if re.search(rf"(?<![\w/-]){re.escape(word)}(?![\w/-])", text)]
    assert not named


# A planted fault says what it is in its impl.toml; one of them is broken on purpose.
SPOKEN = [p for p in OURS if "fakes" not in p.parts]


@pytest.mark.parametrize("path", SPOKEN, ids=shown(SPOKEN))
def test_a_module_says_in_one_docstring_what_it_is_for(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    assert ast.get_docstring(tree) or not tree.body


def test_no_file_is_longer_than_can_be_read_at_once() -> None:
    code = [p for s in ("*.py", "*.rs", "*.go", "*.sh") for p in ROOT.rglob(s) if not {".venv", ".bench", "target", ".git"} & set(p.parts)]
    assert code
    too_long = {str(p.relative_to(ROOT)): n for p in code if (n := len(p.read_text(encoding="utf-8").splitlines())) > LIMIT}
    assert not too_long


def test_no_comment_puts_work_off() -> None:
    marks = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b")
    found = [str(p.relative_to(ROOT)) for p in OURS if p != Path(__file__).resolve() and marks.search(p.read_text(encoding="utf-8"))]
    assert not found
