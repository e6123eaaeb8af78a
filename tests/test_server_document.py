"""The servers against their document: schemathesis makes up what openapi.yaml allows and what it does not, and judges every answer.

Promise: the same cases for each server, as many on a slow machine as on a fast one. What they are is in schemathesis.toml.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from test_server_contract import NAMES, ROOT, Served, started

from harness.protocol import HOST

pytestmark = [pytest.mark.impls, pytest.mark.timeout(1800)]  # a server may have to be compiled first
TESTS = Path(__file__).parent
DOCUMENT = ROOT / "workloads" / "request-server" / "openapi.yaml"
BODIES = 40


def document(server: Served) -> dict[str, Any]:
    """The document with what is known of a server that runs alone: the names that there are, and bodies as its load will be."""
    known: dict[str, Any] = yaml.safe_load(DOCUMENT.read_text(encoding="utf-8"))
    names = json.loads(Path(server.ask["inputs"]["categories"]).read_text(encoding="utf-8"))
    bodies = [json.loads(body) for body in server.bodies(BODIES)]
    names["entity"] = sorted({body["entity"] for body in bodies if body.get("entity")})
    for member, values in names.items():
        known["components"]["schemas"][member.capitalize()]["enum"] = values
    for path, examples in (("/predict", bodies), ("/predict/batch", [{"rows": bodies}])):
        content = known["paths"][path]["post"]["requestBody"]["content"]["application/json"]
        content["examples"] = {str(number): {"value": body} for number, body in enumerate(examples)}
    return known


def judged(server: Served, known: dict[str, Any], folder: Path, *options: str) -> tuple[int, str]:
    """How schemathesis ended, and what it printed."""
    file = folder / "openapi.json"
    file.write_text(json.dumps(known), encoding="utf-8")
    command = [sys.executable, "-m", "schemathesis.cli", "--config-file", str(TESTS / "schemathesis.toml"), "run", str(file)]
    at = ["--url", f"http://{HOST}:{server.port}", "--no-color", *options]
    env = {**os.environ, "COLUMNS": "140", "NO_PROXY": HOST, "SCHEMATHESIS_HOOKS": str(TESTS / "schemathesis_hooks.py")}
    done = subprocess.run([*command, *at], check=False, cwd=folder, env=env, capture_output=True, text=True, timeout=800)
    return done.returncode, done.stdout + done.stderr


@pytest.mark.parametrize("name", NAMES)
def test_it_does_what_the_document_says_and_nothing_else(name: str, tmp_path: Path) -> None:
    with started(name) as server:
        code, said = judged(server, document(server), tmp_path)
        assert code == 0, said
        assert "5 selected / 5 total" in said and "No issues found" in said
    assert server.code == 0, server.errors


FINDINGS = {
    "Schema-valid request rejected", "Schema-violating request accepted", "Response violates schema", "Missing required response headers",
    "Undocumented status code", "Undocumented Content-Type", "Wrong response to undeclared method", "Allow header mismatch",
}  # fmt: skip


def lie(known: dict[str, Any]) -> None:
    """Makes a document say what no server does, so that each check has something to find."""
    schemas, paths = known["components"]["schemas"], known["paths"]
    schemas["Flight"]["properties"]["month"] |= {"minimum": 2, "maximum": 13}
    schemas["Probability"]["maximum"] = 0
    del paths["/entities/{id}"]["get"]["responses"]["404"]
    paths["/healthz"] = {"post": paths["/healthz"]["get"]}
    figures = paths["/metrics"]["get"]["responses"]["200"]
    figures["headers"] = {"Age": {"required": True, "schema": {"type": "integer"}}}
    figures["content"] = {"application/xml": figures["content"]["text/plain"]}


def test_what_is_not_so_is_found(tmp_path: Path) -> None:
    with started("python/asgi") as server:
        lies = document(server)
        lie(lies)
        code, said = judged(server, lies, tmp_path, "--max-examples", "20")
    assert code == 1, said
    assert {finding for finding in FINDINGS if finding in said} == FINDINGS, said
