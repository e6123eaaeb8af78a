#!/usr/bin/env bash
# The tests of the protocol packages, in each language whose toolchain is on this machine; a missing one is fatal in CI.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

missing() {
  echo "impl-tests: no $1 on PATH: its protocol package is not tested" >&2
  [[ -z ${CI:-} ]]
}

export PYTHONPATH=impls/python/protocol:impls/python/shared
.venv/bin/python -m pytest -q impls/python/protocol impls/python/shared
if command -v cargo >/dev/null; then
  # A backtrace names lines; more debugging data only takes time to write.
  export CARGO_INCREMENTAL=0 CARGO_PROFILE_DEV_DEBUG=line-tables-only
  CARGO_TARGET_DIR=.bench/build/lint cargo test --quiet --locked --manifest-path impls/rust/Cargo.toml --workspace --exclude bench-polars --exclude bench-tract --exclude bench-candle
  CARGO_TARGET_DIR=.bench/build/lint cargo test --quiet --locked --manifest-path docker/load-generator/Cargo.toml
else
  missing cargo
fi
if command -v go >/dev/null; then (cd impls/go && go test ./...); else missing go; fi
