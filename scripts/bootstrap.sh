#!/usr/bin/env bash
# Step: what the project needs of a bare Debian 12 or 13 machine. Promise: what Debian has is installed (as root);
# what is still missing is said, and only what the harness itself needs makes it fail.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

usage() {
  cat <<'END'
usage: scripts/bootstrap.sh [--check]

Installs Python with venv, make, git, gcc and Chromium (for the tests of the report page) where they are missing,
and says which Go and Rust there are.

  --check   install nothing

Go and Rust serve to build implementations outside containers, and to make their base images where no registry
can be reached. Debian 12 and 13 are too old for both; Debian 13's backports have Go 1.26 (golang-1.26-go) and a
newer Rust (rustc, cargo). With a registry, containers need neither.
END
}

say() { echo "bootstrap: $*" >&2; }
has() { command -v "$1" >/dev/null; }
has_python() { "$root/scripts/find-python.sh" >/dev/null 2>&1; }

has_browser() { has chromium || has google-chrome; }

missing_packages() {
  has_python || echo python3 python3-venv
  has make || echo make
  has git || echo git
  has gcc || echo gcc libc6-dev
  has_browser || echo chromium
  [[ -e /etc/ssl/certs/ca-certificates.crt ]] || echo ca-certificates
}

install() {
  say "installing $*"
  apt-get update -q >/dev/null || say "apt-get update failed: going on with the lists that are there"
  DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "$@" >/dev/null
}

# The version that the containers' base has, from the tag in bases.toml, so that it is written down once.
wanted() { sed -n "s/^official = \"$1:\([0-9.]*\).*/\1/p" "$root/docker/bases.toml"; }

report_toolchain() {
  local name=$1 found=$2 wanted
  wanted=$(wanted "$1")
  if [[ -z $found ]]; then
    say "$name: missing (wants $wanted or newer): its implementations can't be built outside containers"
  elif [[ $(printf '%s\n' "$wanted" "$found" | sort -V | head -n 1) == "$wanted" ]]; then
    say "$name: $found"
  else
    say "$name: $found is too old (wants $wanted or newer): its implementations can't be built outside containers"
  fi
}

check=false
case ${1-} in
  --check) check=true ;;
  --help | -h) usage; exit ;;
  ?*) usage >&2; exit 2 ;;
esac

read -r -d '' -a packages < <(missing_packages) || true
if ((${#packages[@]})) && ! $check && ((EUID == 0)) && has apt-get; then
  install "${packages[@]}"
  read -r -d '' -a packages < <(missing_packages) || true
fi

report_toolchain golang "$(go env GOVERSION 2>/dev/null | sed 's/^go//')"
report_toolchain rust "$(rustc --version 2>/dev/null | cut -d' ' -f2)"
if ((${#packages[@]})); then
  say "still missing: ${packages[*]}: install them (on Debian with apt-get, as root)"
  exit 1
fi
say "python: $("$root/scripts/find-python.sh")"
