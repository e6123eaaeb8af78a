#!/usr/bin/env bash
# Step: have the base images of docker/bases.toml on this machine. Promise: prints one line a base,
# `ARGUMENT=reference digest`, on standard output; progress goes to standard error.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=docker/client.sh
. "$here/client.sh"
# shellcheck source=docker/stand-in/contexts.sh
. "$here/stand-in/contexts.sh"

usage() {
  cat <<'END'
usage: docker/bases.sh [--stand-in] [--fresh] [ARGUMENT...]

Has the base images that the Dockerfiles build on: the official ones where all of them are present or can be
pulled, else stand-ins made of Debian's packages and this machine's Go and Rust. Images that exist are reused.

  ARGUMENT     only these bases, by their names in docker/bases.toml; DEBIAN always comes along
  --stand-in   make stand-ins without asking a registry
  --fresh      pull or make every image anew
END
}

say() { echo "bases: $*" >&2; }
die() { say "$*"; exit 1; }

# Prints "argument official stand_in" a line, of the bases asked for.
read_bases() {
  awk -F'"' -v only=" ${only[*]} " '
    /^argument/ {argument = $2}
    /^official/ {official = $2}
    /^stand_in/ && (only == "  " || argument == "DEBIAN" || index(only, " " argument " ")) {
      print argument, official, $2
    }' "$here/bases.toml"
}

present() { "$docker" image inspect "$1" >/dev/null 2>&1; }

# An official image is named by its registry's digest; a stand-in, which no registry knows, by its own.
digest() {
  local format='{{if .RepoDigests}}{{index .RepoDigests 0}}{{else}}{{.Id}}{{end}}'
  "$docker" image inspect --format "$format" "$1" | sed 's/.*@//'
}

pull() {
  $fresh || ! present "$1" || return 0
  say "$1: pulling it"
  timeout "$2" "$docker" pull --quiet "$1" >/dev/null 2>&1
}

# All or none: with one language on an official base and another on a stand-in the comparison would not be fair.
have_official() {
  local official patience=60  # seconds for the first, small image; a registry that gave it may be slow with the rest
  while read -r _ official _ <&3; do
    pull "$official" "$patience" || { say "$official: cannot be pulled, so stand-ins for all"; return 1; }
    patience=1800
  done 3< <(read_bases)
}

# Builds stand-in/$1.Dockerfile on context $2 as image $3.
build() {
  local options=(--progress=plain --build-arg DEBIAN="$debian" -f "$here/stand-in/$1.Dockerfile" -t "$3")
  if $fresh; then options+=(--no-cache); fi
  DOCKER_BUILDKIT=1 "$docker" build "${options[@]}" "$2" >"$work/log" 2>&1 && return
  tail -n 20 "$work/log" >&2
  die "$3: the build failed; its last lines stand above"
}

# Asked of image $1 itself, not of the machine that it was made on.
versions() {
  "$docker" run --rm --interactive --network none "$1" sh <"$here/stand-in/versions.sh" | sed -z 's/\n*$//; s/\n/; /g'
}

# A stand-in made on an older Debian stand-in than the present one is out of date: all share one base.
up_to_date() {
  $fresh || ! present "$1" && return 1
  [[ $("$docker" image inspect --format '{{index .Config.Labels "org.bench.stand-in.base"}}' "$1") == "$2" ]]
}

make_stand_in() {
  local official=$1 stand_in=$2 name=${1%%:*} draft=$2-draft base='' started=$SECONDS
  if [[ $stand_in != "$debian" ]]; then base=$(digest "$debian"); fi
  if up_to_date "$stand_in" "$base"; then
    say "$stand_in: there already"
    return
  fi
  say "$stand_in: making it"
  mkdir "$work/$name"
  "context_$name" "$work/$name" "${official#*:}"
  build "$name" "$work/$name" "$draft"
  DOCKER_BUILDKIT=1 "$docker" build --quiet -t "$stand_in" \
    --label org.bench.stand-in=true --label org.bench.stand-in.for="$official" --label org.bench.stand-in.base="$base" \
    --label org.bench.stand-in.versions="$(versions "$draft")" - >/dev/null <<<"FROM $draft"
  "$docker" rmi "$draft" >/dev/null
  rm -rf "${work:?}/$name"
  say "$stand_in: made in $((SECONDS - started)) s"
}

make_stand_ins() {
  local official stand_in
  debian=$(read_bases | awk '$1 == "DEBIAN" {print $3}')
  while read -r _ official stand_in <&3; do
    make_stand_in "$official" "$stand_in"
  done 3< <(read_bases)
}

print_bases() {
  local argument official stand_in reference
  while read -r argument official stand_in <&3; do
    reference=$official
    if [[ $kind == stand-in ]]; then reference=$stand_in; fi
    echo "$argument=$reference $(digest "$reference")"
  done 3< <(read_bases)
}

fresh=false kind=official only=()
for option in "$@"; do
  case $option in
    --fresh) fresh=true ;;
    --stand-in) kind=stand-in ;;
    --help | -h) usage; exit ;;
    *) grep -qx "argument = \"$option\"" "$here/bases.toml" || { usage >&2; exit 2; }; only+=("$option") ;;
  esac
done

docker=$(docker_client)
"$docker" info >/dev/null 2>&1 || die "no Docker daemon answers: run docker/start-daemon.sh"
work=$(mktemp -d "${TMPDIR:-/tmp}/bench-bases.XXXXXX")
trap 'rm -rf "$work"' EXIT

if [[ $kind == official ]] && ! have_official; then kind=stand-in; fi
if [[ $kind == stand-in ]]; then make_stand_ins; fi
print_bases
