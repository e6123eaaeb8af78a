#!/usr/bin/env bash
# Every language's formatter and linter, as far as its toolchain is on this machine; a missing one is named, and fatal in CI.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

missing() {
  echo "lint: no $1 on PATH: $2 not checked" >&2
  [[ -z ${CI:-} ]]
}

.venv/bin/ruff check .
.venv/bin/ruff format --check .
.venv/bin/mypy
if command -v cargo >/dev/null; then
  export CARGO_INCREMENTAL=0 CARGO_PROFILE_DEV_DEBUG=line-tables-only
  cargo fmt --manifest-path impls/rust/Cargo.toml --all --check
  cargo fmt --manifest-path docker/load-generator/Cargo.toml --check
  # Without the variants that compile a large library: minutes for a few lines of code; they are checked where they are built.
  CARGO_TARGET_DIR=.bench/build/lint cargo clippy --quiet --locked --manifest-path impls/rust/Cargo.toml --workspace --exclude bench-polars --exclude bench-tract --exclude bench-candle --all-targets -- -D warnings
  CARGO_TARGET_DIR=.bench/build/lint cargo clippy --quiet --locked --manifest-path docker/load-generator/Cargo.toml --all-targets -- -D warnings
else
  missing cargo Rust
fi
if command -v go >/dev/null; then
  unformatted=$(gofmt -l impls/go)
  [[ -z $unformatted ]] || { echo "gofmt: $unformatted" >&2; exit 1; }
  (cd impls/go && go vet ./...)
  # Not in the Python environment: its version is locked by scripts/tools/go.sum.
  go -C scripts/tools tool actionlint -shellcheck "$PWD/.venv/bin/shellcheck" "$PWD"/.github/workflows/*.yml
else
  missing go "Go and the workflows"
fi
mapfile -t scripts < <(git ls-files '*.sh' .ci/run)
.venv/bin/shellcheck "${scripts[@]}"
