# shellcheck shell=bash
# Step: what a stand-in takes from this machine. Promise: `context_<name> FOLDER TAG` lays the build context
# of <name>.Dockerfile in FOLDER, or ends with what is missing. Sourced by bases.sh.
#
# Which registries and authorities the clients here use is read from the machine at run time and never
# committed: on a machine that needs none of it the files laid here are empty.

need() { command -v "$1" >/dev/null || die "$1 is missing: $2"; }

# The tag's first part is the version that the official image would have.
check_version() { [[ $2 == "${3%%-*}"* ]] || die "the stand-in for $1:$3 needs $1 ${3%%-*} on this machine, and it has $2"; }

# Documentation and manuals are left out as in Debian's slim images. The epoch is the day trixie came out: later
# times are set back to it, so that the same packages give the same bytes.
context_debian() {
  need mmdebstrap "apt-get install mmdebstrap (docker/start-daemon.sh does it)"
  local option options=()
  for option in 'path-exclude=/usr/share/doc/*' 'path-include=/usr/share/doc/*/copyright' \
    'path-exclude=/usr/share/man/*' 'path-exclude=/usr/share/info/*' 'path-exclude=/usr/share/locale/*'; do
    options+=("--dpkgopt=$option")
  done
  SOURCE_DATE_EPOCH=1754697600 mmdebstrap --quiet --variant=minbase --include=ca-certificates \
    "${options[@]}" "${2%%-*}" "$1/root.tar" >&2
  mkdir "$1/certificates"
  find /usr/local/share/ca-certificates -name '*.crt' -exec cp {} "$1/certificates/" \;
}

context_python() {
  mkdir "$1/config"
  {
    echo "[global]"
    python3 -m pip config list 2>/dev/null |
      sed -nE "s/^(:env:|global|install)\.(index-url|extra-index-url|trusted-host)='(.*)'\$/\2 = \3/p" |
      awk '!seen[$1]++'  # pip lists its environment first, and it outranks its files
  } >"$1/config/pip.conf"
}

context_golang() {
  need go "the golang stand-in is a copy of this machine's Go: scripts/bootstrap.sh --help says where from"
  local version key
  version=$(go env GOVERSION)
  check_version golang "${version#go}" "$2"
  mkdir "$1/config"
  for key in GOPROXY GOSUMDB GOPRIVATE GONOPROXY GONOSUMDB; do
    echo "$key=$(go env "$key")"
  done >"$1/config/go.env"
  cp -a "$(go env GOROOT)" "$1/toolchain"
}

context_rust() {
  need rustc "the rust stand-in is a copy of this machine's Rust: scripts/bootstrap.sh --help says where from"
  local version
  version=$(rustc --version)
  check_version rust "${version#rustc }" "$2"
  mkdir "$1/config" "$1/toolchain"
  # Only where crates come from is taken: a machine's own build flags would make the comparison unfair.
  if [[ -f ${CARGO_HOME:-$HOME/.cargo}/config.toml ]]; then
    awk '/^\[/ {keep = /^\[(source|registry|registries)[].]/} keep' "${CARGO_HOME:-$HOME/.cargo}/config.toml"
  fi >"$1/config/cargo.toml"
  tar -C "$(rustc --print sysroot)" -c --exclude=./share --exclude=./lib/rustlib/src . | tar -C "$1/toolchain" -x
}
