#!/usr/bin/env bash
# Writes requirements/dev.txt anew from pyproject.toml: every version, with the digests of its files.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
options=(--quiet --generate-hashes --no-emit-index-url --no-emit-find-links --no-emit-trusted-host --no-header --strip-extras --allow-unsafe)
.venv/bin/python -m piptools compile "${options[@]}" --extra dev --output-file requirements/dev.txt pyproject.toml
