#!/usr/bin/env bash
# Step: find the Python that the harness's own environment is made with. Promise: prints the path of the newest
# ordinary CPython 3.11 to 3.14 on PATH or among pyenv's that can make an environment, or fails with what to install.
set -euo pipefail

# pyenv's shims are on PATH, but answer only for versions that are switched on: its own folder knows them all.
candidates() {
  local minor
  for minor in 14 13 12 11; do
    type -aP "python3.$minor" || true
    printf '%s\n' "${PYENV_ROOT:-${HOME-}/.pyenv}"/versions/3."$minor".*/bin/python3 | sort -rV
  done
  type -aP python3 || true
}

# Debian leaves ensurepip, which venv needs, to a package of its own.
suits() {
  "$1" - 2>/dev/null <<'END'
import ensurepip, sys, sysconfig, venv
ordinary = sys.implementation.name == "cpython" and not sysconfig.get_config_var("Py_GIL_DISABLED")
sys.exit(not (ordinary and (3, 11) <= sys.version_info[:2] <= (3, 14)))
END
}

while read -r python; do
  if suits "$python"; then
    echo "$python"
    exit
  fi
done < <(candidates)
echo "scripts/find-python.sh: no Python 3.11 to 3.14 with venv: install one, on Debian with apt-get install python3 python3-venv" >&2
exit 1
