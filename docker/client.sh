#!/usr/bin/env bash
# Step: choose the docker client. Promise: `docker_client` prints the path of the first one on PATH that
# builds with BuildKit, and fails with advice where there is none. Source it, or run it.
#
# Just `docker` will not do: from version 23 on, a client without its buildx plug-in falls back to the
# classic builder, which knows no `RUN --mount=type=cache`. Older clients have BuildKit inside.

builds_with_buildkit() {
  "$1" buildx version >/dev/null 2>&1 && return
  [[ $("$1" --version 2>/dev/null) =~ ^Docker\ version\ ([0-9]+) ]] && ((BASH_REMATCH[1] < 23))
}

docker_client() {
  local client
  while read -r client; do
    if builds_with_buildkit "$client"; then
      echo "$client"
      return
    fi
  done < <(type -aP docker)
  echo "docker/client.sh: no docker client on PATH builds with BuildKit: install docker-buildx or run docker/start-daemon.sh" >&2
  return 1
}

if [[ ${BASH_SOURCE[0]} == "$0" ]]; then
  set -euo pipefail
  docker_client
fi
