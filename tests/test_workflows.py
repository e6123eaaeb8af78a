"""The workflows: only make targets, only pinned actions, no more rights than reading. Each rule is shown to find what breaks it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*"))
TARGETS = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
PINNED = re.compile(r"[\w.-]+/[\w.-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+")
MAKE = re.compile(r"make( [a-z-]+)+")


def steps(text: str, key: str) -> list[str]:
    """What stands after each `key:` of a step; another way of writing one (a block, a flow) comes back as text that no rule allows."""
    return [found.strip() for found in re.findall(rf"\b{key}:(.*)", text)]


def jobs(text: str) -> list[str]:
    """The text of each job."""
    _, _, after = text.partition("\njobs:\n")
    return re.split(r"^  [\w-]+:\n", after, flags=re.MULTILINE)[1:]


def offences(text: str) -> set[str]:
    """Which rules a workflow breaks."""
    code = re.sub(r"^\s*#.*\n", "", text, flags=re.MULTILINE)
    commands = steps(code.replace("defaults:\n  run:\n    shell: bash\n", ""), "run")
    uses = steps(code, "uses")
    rules = {
        "pinned": all(PINNED.fullmatch(u) for u in uses),
        "make": bool(commands) and all(MAKE.fullmatch(c) and set(c.split()[1:]) <= TARGETS for c in commands),
        "rights": [p.strip() for p in re.findall(r"permissions:.*(?:\n +\S.*)*", code)] == ["permissions:\n  contents: read"]
        and "secrets." not in code,
        "credentials": sum("actions/checkout@" in u for u in uses) == code.count("persist-credentials: false"),
        "triggers": "pull_request_target" not in code and "workflow_run" not in code,
        "timeout": bool(jobs(code)) and all(re.search(r"^    timeout-minutes: \d+$", job, re.MULTILINE) for job in jobs(code)),
        "concurrency": "\nconcurrency:\n  group: " in code,
    }
    return {name for name, kept in rules.items() if not kept}


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda p: p.name)
def test_a_workflow_keeps_the_rules(path: Path) -> None:
    assert not offences(path.read_text(encoding="utf-8"))


SPOILT = {
    "pinned": (r"checkout@\w+ # v[\d.]+", "checkout@v7"),
    "make": (r"make lint", "pip install ruff"),
    "rights": (r"contents: read", "contents: write"),
    "credentials": (r"        with:\n          persist-credentials: false\n", ""),
    "triggers": (r"pull_request:", "pull_request_target:"),
    "timeout": (r"    timeout-minutes: \d+\n", ""),
    "concurrency": (r"concurrency:", "concurrently:"),
}


@pytest.mark.parametrize("rule", SPOILT)
def test_a_rule_finds_what_breaks_it(rule: str) -> None:
    text = (ROOT / ".github" / "workflows" / "ci.yml").read_text(encoding="utf-8")
    spoilt = re.sub(*SPOILT[rule], text, count=1)
    assert spoilt != text
    assert offences(spoilt) == {rule}


@pytest.mark.parametrize(
    "step",
    ["run: |\n          make lint\n          curl example.org", "run: make no-such-target", "run: make lint; date", "run:\n          date"],
)
def test_no_step_is_more_than_a_make_target(step: str) -> None:
    text = (ROOT / ".github" / "workflows" / "ci.yml").read_text(encoding="utf-8")
    assert offences(text.replace("run: make lint", step)) == {"make"}


def test_rights_of_a_single_job_are_seen() -> None:
    text = (ROOT / ".github" / "workflows" / "ci.yml").read_text(encoding="utf-8")
    more = text.replace("    timeout-minutes: 30\n", "    timeout-minutes: 30\n    permissions:\n      contents: write\n")
    assert offences(more) == {"rights"}


def test_an_action_has_the_same_digest_everywhere() -> None:
    pins = {u for path in WORKFLOWS for u in steps(path.read_text(encoding="utf-8"), "uses")}
    assert len({u.partition("@")[0] for u in pins}) == len(pins)


def test_ci_calls_all_that_must_pass() -> None:
    everything = re.search(r"^test: (.*?) +##", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    assert everything
    called = {t for c in steps((ROOT / ".github" / "workflows" / "ci.yml").read_text(encoding="utf-8"), "run") for t in c.split()[1:]}
    assert set(everything[1].split()) <= called
