"""The command line: help with examples, exit codes that mean something, JSON that parses, one plain line a mistake."""

import json
import os
import pty
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from click.shell_completion import ShellComplete
from click.testing import CliRunner, Result
from makers import run, session
from toy_checkout import checkout

import harness
from harness import cli, doctor, listing, store
from harness.runner import live

ROOT = Path(__file__).parents[1]
COMMANDS = sorted(cli.main.commands)
NEEDS_NO_EXAMPLE = {"cache", "doctor", "list", "schema", "show"}


@pytest.fixture(autouse=True)
def here(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """The project's own root, data of this test's own, and the signal handler as it was."""
    monkeypatch.setenv("BENCH_ROOT", str(ROOT))
    monkeypatch.setenv("BENCH_DATA", str(tmp_path / "data"))
    monkeypatch.setattr(live, "dead", lambda _: [])
    before = signal.getsignal(signal.SIGTERM)
    yield
    signal.signal(signal.SIGTERM, before)


@pytest.fixture
def toy(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    checkout(tmp_path / "toy")
    monkeypatch.setenv("BENCH_ROOT", str(tmp_path / "toy"))
    return tmp_path / "toy"


def bench(*words: str) -> Result:
    return CliRunner().invoke(cli.main, words)


def good(*words: str) -> str:
    done = bench(*words)
    assert done.exit_code == 0, done.output
    assert "\x1b" not in done.output
    return done.stdout


def mistake(*words: str) -> str:
    done = bench(*words)
    assert (done.exit_code, done.stdout) == (2, ""), done.output
    assert "\x1b" not in done.stderr
    return done.stderr


def one_line(*words: str) -> str:
    said = mistake(*words)
    assert said.startswith("bench: ") and said.count("\n") == 1, "one line, however long, where it is piped"
    return said


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_says_what_it_does_and_shows_how(command: str) -> None:
    said = good(command, "--help")
    assert said == good(command, "-h")
    assert command in NEEDS_NO_EXAMPLE or f"bench {command} " in said.split("\n", 1)[1]
    assert "RUN_HELP" not in said
    for line in said.splitlines():
        assert len(line) <= 110


def test_the_overview_names_every_command_and_the_exit_codes() -> None:
    said = good("--help")
    assert all(f"  {command} " in said for command in COMMANDS)
    assert "Exit codes: 0 done, 1 a finding, 2 a mistake" in said
    assert good("--version") == f"bench, version {harness.__version__}\n"


def test_list_names_every_folder() -> None:
    said = good("list")
    for path in (*ROOT.glob("workloads/*/workload.toml"), *ROOT.glob("impls/*/*/impl.toml")):
        name = path.parent.name if path.name == "workload.toml" else f"{path.parent.parent.name}/{path.parent.name}"
        assert name in said
    rows = json.loads(good("list", "--json"))
    folders = {f"{p.parent.parent.name}/{p.parent.name}" for p in ROOT.glob("impls/*/*/impl.toml")}
    assert {i["name"] for i in rows["implementations"]} == folders
    assert all(c["params"] for w in rows["workloads"] for c in w["cases"])


def test_a_dry_run_prints_plan_and_estimate_and_runs_nothing(toy: Path) -> None:
    words = ("run", "-w", "sums", "--dry-run", "--engine", "local", "--seed", "7", "--blocks", "4", "--no-aa")
    lines = good(*words).splitlines()
    assert len(lines) == 6 and "verify" in lines[0] and all("timed" in line for line in lines[1:5])
    assert lines[-1].startswith("5 jobs, seed 7, CPUs ") and "5 jobs that have not run here before take unknown time" in lines[-1]
    rows = json.loads(good(*words, "--json"))
    assert [r["block"] for r in rows] == [0, 1, 2, 3, 4] and {r["seed"] for r in rows} == {7} and {r["estimated_s"] for r in rows} == {None}
    assert not (toy / "results").exists() and not (toy / ".bench").exists()


def test_a_dry_run_estimates_from_what_ran_here_before(toy: Path) -> None:
    folder = toy / "results" / "20260101-000000-sums"
    store.create(folder, session())
    store.append(folder, run())
    words = ("run", "-w", "sums", "--dry-run", "--engine", "local", "--blocks", "4")
    assert "estimated 46 s" in good(*words, "--no-aa")
    assert "estimated 82 s" in good(*words)


def test_each_block_of_a_plan_has_its_second_label_and_its_threads(toy: Path) -> None:
    rows = json.loads(good("run", "-w", "sums", "--dry-run", "--engine", "local", "--blocks", "2", "--json", "--threads", "1"))
    assert sorted(r["label"] for r in rows if r["block"] == 1) == ["x/std", "x/std (again)"]


def test_without_a_seed_each_plan_has_its_own(toy: Path) -> None:
    words = ("run", "-w", "sums", "--dry-run", "--engine", "local", "--json")
    assert json.loads(good(*words))[0]["seed"] != json.loads(good(*words))[0]["seed"]


def test_changed_parameters_stand_in_the_plan(toy: Path) -> None:
    words = ("run", "-w", "sums", "--dry-run", "--engine", "local", "--json", "-p", "rows=20", "-p", "share=0.25", "-p", "source=x=y")
    assert {r["case"] for r in json.loads(good(*words))} == {"small[rows=20,share=0.25,source=x=y]"}


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("run", "-w", "sum"), "no workload 'sum'; there are: sums"),
        (("run",), "say what to run with --workload NAME; there are: sums"),
        (("run", "-w", "sums", "-s", "c/std"), "no implementation matches 'c/std'; there are: x/std"),
        (("run", "-w", "sums", "-c", "huge"), "no case matches 'huge'; there are: small"),
        (("run", "-w", "sums", "-p", "rows"), "--param rows: write it as NAME=VALUE"),
        (("run", "-w", "sums", "-p", "row=1"), "case 'small' has no parameter 'row'; it has: rows"),
        (("run", "-w", "sums", "-p", "rows=ten"), "parameter 'rows'"),
        (("run", "-w", "sums", "-p", "rows=1.5"), "parameter 'rows'"),
        (("run", "-w", "sums", "-p", "rows=--5"), "parameter 'rows'"),
        (("run", "-w", "sums", "-p", "rows=²"), "parameter 'rows'"),
        (("run", "-w", "sums", "-p", "rows=" + "9" * 5000), "parameter 'rows'"),
        (("run", "-w", "sums", "--threads", "100000", "--engine", "local"), "100000 threads on "),
        (("run", "--resume", "nowhere"), "nowhere is no session"),
        (("show", "nowhere"), "nowhere is no session and holds none; sessions are made by: bench run"),
        (("plot", "nowhere"), "nowhere is no session and holds none"),
        (("verify", "-w", "sum"), "no workload 'sum'"),
        (("build", "-s", "c/*"), "no implementation matches 'c/*'"),
    ],
    ids=lambda value: " ".join(value)[:40] if isinstance(value, tuple) else "",
)
def test_a_mistake_is_one_line_that_says_what_to_try(toy: Path, words: tuple[str, ...], why: str) -> None:
    words = (*words, "--dry-run") if words[0] == "run" and "--resume" not in words else words
    assert why in one_line(*words)


@pytest.mark.parametrize(
    "words",
    [
        ("run", "-w", "sums", "--blocks", "0"),
        ("run", "-w", "sums", "--threads", "0"),
        ("run", "-w", "sums", "--threads", "1,1"),
        ("run", "-w", "sums", "--threads", "1,"),
        ("run", "-w", "sums", "--seed", "-1"),
        ("run", "-w", "sums", "--engine", "cloud"),
        ("run", "-w", "sums", "--time-limit", "0"),
        ("verify",),
        ("runn",),
        ("list", "--jsno"),
    ],
    ids=" ".join,
)
def test_an_option_that_can_not_be_is_refused(toy: Path, words: tuple[str, ...]) -> None:
    assert "Error: " in mistake(*words)


def test_what_was_typed_is_never_taken_for_markup(toy: Path) -> None:
    assert "no workload '[bold]x[/bold]'" in one_line("run", "-w", "[bold]x[/bold]", "--dry-run")


def test_a_broken_checkout_is_a_mistake_with_its_file(toy: Path) -> None:
    (toy / "impls/x/std/impl.toml").write_text("track = ")
    assert "impls/x/std/impl.toml: not TOML" in one_line("list")


def test_ctrl_c_ends_with_its_own_code(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(listing, "listing", interrupted)
    assert bench("list").exit_code == 130


def test_a_docker_daemon_that_does_not_answer_is_a_mistake_that_names_the_way_out(toy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", "unix:///nonexistent.sock")
    assert "use --engine local" in one_line("run", "-w", "sums", "--dry-run", "--engine", "docker")


def test_without_a_daemon_auto_runs_locally_and_says_so(toy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", "unix:///nonexistent.sock")
    done = bench("run", "-w", "sums", "--dry-run")
    assert done.exit_code == 0 and "no Docker daemon answers" in done.stderr and done.stderr.count("\n") == 1


def test_the_schema_is_a_schema_of_real_lines() -> None:
    schema = json.loads(good("schema"))
    jsonschema.Draft202012Validator.check_schema(schema)
    recorded = (Path(__file__).parent / "fixtures/session_schema_1/runs.jsonl").read_text().splitlines()
    for line in recorded:
        jsonschema.Draft202012Validator(schema).validate(json.loads(line))


def test_an_empty_cache_is_shown_and_pruned() -> None:
    assert good("cache").startswith("      0.0 MB")
    assert json.loads(good("cache", "--json")) == []
    assert good("cache", "--prune").startswith("freed 0 MB")


def test_the_doctor_gives_advice_with_everything_amiss(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is asked twice, and a machine of two speeds would give two answers: that row is another test's."""
    monkeypatch.setenv("DOCKER_HOST", "unix:///nonexistent.sock")
    monkeypatch.setattr(doctor, "_tried", lambda: iter([1_000_000] * 30))
    monkeypatch.setattr(doctor, "_noise", lambda machine, state: iter(()))
    done = bench("doctor", "--json")
    rows = json.loads(done.stdout)
    amiss = [r for r in rows if r["mark"] != "ok"]
    assert done.exit_code == 1 and any("Docker" in r["what"] for r in amiss) and all(r["advice"] for r in amiss)
    assert [line.split()[0] for line in bench("doctor").stdout.splitlines()] == [r["mark"] for r in rows]


def test_the_doctor_sees_a_cpu_that_changes_its_speed() -> None:
    steady = [1_000_000 + 1_000 * k for k in range(30)]
    assert doctor.pace(steady) == doctor.Finding("ok", "the same work takes 1.00 to 1.03 ms of a CPU")
    assert doctor.pace([*steady[:27], 9_000_000, 9_000_000, 9_000_000]).mark == "ok", "a tenth may be far off"
    said = doctor.pace([*steady[:15], *(2 * work for work in steady[:15])])
    assert (said.mark, said.what) == ("warn", "the same work takes 1.00 to 2.02 ms of a CPU: its speed changes")


@pytest.fixture
def recorded(tmp_path: Path) -> Path:
    return Path(shutil.copytree(Path(__file__).parent / "fixtures" / "session_schema_1", tmp_path / "results" / "one"))


def test_a_session_is_shown_in_words_and_as_json(recorded: Path) -> None:
    said = good("show", str(recorded))
    assert "x/std" in said and said == good("show", str(recorded.parent))
    assert json.loads(good("show", str(recorded), "--json"))


def test_a_session_is_drawn(recorded: Path) -> None:
    said = good("plot", str(recorded.parent))
    assert said.strip().endswith(str(recorded / "plots")) and list((recorded / "plots").glob("*"))


def completions(words: list[str], incomplete: str) -> list[str]:
    return [c.value for c in ShellComplete(cli.main, {}, "bench", "_BENCH_COMPLETE").get_completions(words, incomplete)]


def test_the_shell_completes_names_from_the_catalogue(toy: Path) -> None:
    assert completions(["run", "--workload"], "") == ["sums"]
    assert completions(["run", "-w", "sums", "--select"], "x/") == ["x/std"]
    assert completions(["run", "-w", "sums", "--select"], "y") == []
    assert completions(["run", "-w", "sums", "--case"], "s") == ["small"]
    assert completions(["run", "--case"], "") == ["small"]
    assert completions(["data", "-w", "other", "--case"], "") == []
    assert "run" in completions([], "r")
    (toy / "impls/x/std/impl.toml").write_text("broken")
    assert completions(["run", "--select"], "") == []


def test_completion_is_quick_because_it_imports_no_report() -> None:
    code = "import sys, harness.cli; print(*sorted({'matplotlib', 'scipy', 'pandas'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "\n"


def on_a_terminal(*words: str, **env: str) -> bytes:
    """What a person would see: standard error on a pseudo-terminal."""
    leader, follower = pty.openpty()
    base = {k: v for k, v in os.environ.items() if k not in {"NO_COLOR", "FORCE_COLOR"}}
    command = [sys.executable, "-m", "harness.cli", *words]
    subprocess.run(command, stderr=follower, stdout=subprocess.DEVNULL, env={**base, "TERM": "xterm", **env}, check=False)
    os.close(follower)
    said = b""
    try:
        while chunk := os.read(leader, 4096):
            said += chunk
    except OSError:
        pass
    os.close(leader)
    return said


def test_colour_is_for_terminals_that_want_it(toy: Path) -> None:
    coloured = on_a_terminal("run", "-w", "sum")
    assert b"no workload" in coloured and b"\x1b[31m" in coloured
    plain = on_a_terminal("run", "-w", "sum", NO_COLOR="1")
    assert b"no workload" in plain and b"\x1b" not in plain


def test_a_reader_that_leaves_early_is_no_failure(toy: Path) -> None:
    with subprocess.Popen([sys.executable, "-m", "harness.cli", "schema"], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout and process.stderr
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 0
