#!/usr/bin/env bash
# Step: have a Docker daemon that answers, a client that builds, and mmdebstrap for the stand-in bases.
# Promise: a daemon that runs already is used as it is, never restarted or stopped; running this twice is harmless.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=docker/client.sh
. "$here/client.sh"

log=${BENCH_DOCKERD_LOG:-/var/log/bench-dockerd.log}
patience=60

usage() {
  cat <<'END'
usage: docker/start-daemon.sh

Starts dockerd in the background where no daemon answers and waits until it does. As root, on a machine with
apt-get, installs what is missing of docker.io, iptables and mmdebstrap first.

  BENCH_DOCKERD_LOG   the daemon's log (default /var/log/bench-dockerd.log)
END
}

say() { echo "start-daemon: $*" >&2; }
die() { say "$*"; exit 1; }
has() { command -v "$1" >/dev/null; }

# Any client can ask, also one that cannot build: they may differ in the oldest daemon that they speak to.
answers() {
  local client
  while read -r client; do
    timeout 10 "$client" info >/dev/null 2>&1 && return
  done < <(type -aP docker)
  return 1
}

# Package docker.io of Debian 12 holds the client, BuildKit included; later ones leave both to packages of their own.
docker_packages() {
  local package
  printf '%s\n' docker.io iptables ca-certificates
  for package in docker-cli docker-buildx; do
    if apt-cache show "$package" >/dev/null 2>&1; then echo "$package"; fi
  done
}

# Where a daemon answers its packages are left alone: installing others might restart it.
install_missing() {
  local packages=()
  apt-get update -q >/dev/null || say "apt-get update failed: going on with the lists that are there"
  has dockerd || answers || mapfile -t packages < <(docker_packages)
  has mmdebstrap || packages+=(mmdebstrap)
  say "installing ${packages[*]}"
  DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "${packages[@]}" >/dev/null
}

# The package's set-up may have started it already, and it does not answer at once.
# A killed one leaves its file, and perhaps a zombie (its command line is empty), on which a new dockerd would refuse to start.
starting() {
  local file=/var/run/docker.pid
  [[ -f $file ]] || return
  if { tr '\0' ' ' <"/proc/$(<"$file")/cmdline"; } 2>/dev/null | grep -q dockerd; then return; fi
  rm -f "$file"
  return 1
}

wait_for_daemon() {
  local deadline=$((SECONDS + patience))
  until answers; do
    if ((SECONDS >= deadline)) || { [[ -n $daemon ]] && ! kill -0 "$daemon" 2>/dev/null; }; then
      if [[ -f $log ]]; then tail -n 5 "$log" >&2; fi
      die "dockerd does not answer; its log is $log"
    fi
    sleep 0.5
  done
}

start() {
  local daemon=''
  ((EUID == 0)) || die "no Docker daemon answers: start one, or run this as root"
  has dockerd || die "dockerd is missing: install Docker Engine"
  if ! starting; then
    say "starting dockerd, log in $log"
    setsid nohup dockerd >"$log" 2>&1 </dev/null &
    daemon=$!
  fi
  wait_for_daemon
}

case ${1-} in
  --help | -h) usage; exit ;;
  ?*) usage >&2; exit 2 ;;
esac

if ((EUID == 0)) && has apt-get && ! { has mmdebstrap && { has dockerd || answers; }; }; then install_missing; fi
answers || start
client=$(docker_client)
say "Docker $("$client" version --format '{{.Server.Version}}') answers; client $client"
