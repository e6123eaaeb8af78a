#!/usr/bin/env bash
# Step: one night of continuous benchmarking: measure, write the page, compare with the night before, sum up.
# Promise: fails only where the measuring or the program does. What grew slower is a warning: the comparison may bar the way
# once its own rate of false alarms is known.
set -euo pipefail
shopt -s nullglob
cd "$(dirname "${BASH_SOURCE[0]}")/.."

bench=${BENCH:-.venv/bin/bench}
nights=${NIGHTLY_FOLDER:-results/nightly}
read -r -a options <<<"${NIGHTLY_RUN:---workload groupby --quick --engine docker --yes}"
keep=${NIGHTLY_KEEP:-999999}

usage() {
  cat <<'END'
usage: scripts/nightly.sh

  BENCH            the command (default .venv/bin/bench)
  NIGHTLY_FOLDER   where the nights are kept (default results/nightly)
  NIGHTLY_RUN      what to run, as options of bench run (default --workload groupby --quick --engine docker --yes)
  NIGHTLY_KEEP     how many nights to keep there, the newest (default: all)

The summary is written to summary.md in the session's folder, and added to $GITHUB_STEP_SUMMARY where that is set.
END
}

say() { echo "nightly: $*" >&2; }

# GitHub shows such a line at the head of the job's page.
warn() {
  say "warning: $*"
  if [[ -n ${GITHUB_ACTIONS-} ]]; then echo "::warning title=nightly::$*"; fi
}

broken() {
  say "$*"
  failed=$((failed ? failed : 1))
}

# The names are times in UTC, so the last is the newest. A night that was given up before its first record has nothing to compare.
newest() {
  local recorded=("$nights"/*/runs.jsonl)
  if ((${#recorded[@]})); then dirname "${recorded[-1]}"; fi
}

# Sets `comparison`. In each of the exit codes 0 (no regression), 1 (some) and 2 (not comparable) there is something to print.
compare() {
  local code=0
  comparison="No earlier night to compare with."
  [[ -n $before ]] || return 0
  comparison=$("$bench" compare --markdown "$before" "$session") || code=$?
  if ((code > 2)) || [[ -z $comparison ]]; then
    broken "bench compare failed with exit code $code"
    comparison="The comparison failed with exit code $code."
  elif ((code == 1)); then
    warn "${comparison%%$'\n'*}"
  fi
}

summary() {
  printf '# Night %s\n\n' "${session##*/}"
  if ((failed)); then printf 'It did not end well: exit code %s.\n\n' "$failed"; fi
  printf '~~~text\n%s\n~~~\n\n## Against the night before\n\n%s\n' "$shown" "$comparison"
}

forget() {
  local all=("$nights"/*/session.json)
  while ((${#all[@]} > keep)); do
    rm -rf "$(dirname "${all[0]}")"
    all=("${all[@]:1}")
  done
}

case ${1-} in
  --help | -h) usage; exit ;;
  ?*) usage >&2; exit 2 ;;
esac
[[ $keep =~ ^[1-9][0-9]*$ ]] || { say "NIGHTLY_KEEP=$keep: not a number of nights from 1 on"; exit 2; }

before=$(newest) session=$nights/$(date -u +%Y%m%d-%H%M%S) failed=0 comparison=''
"$bench" run "${options[@]}" --out "$session" || failed=$?
if ((failed == 130)) || [[ ! -e $session/session.json ]]; then exit "$((failed ? failed : 1))"; fi
if [[ -n ${GITHUB_OUTPUT-} ]]; then echo "session=$session" >>"$GITHUB_OUTPUT"; fi
"$bench" report "$session" || broken "bench report failed"
shown=$("$bench" show "$session") || broken "bench show failed"
compare
summary | tee "$session/summary.md" >>"${GITHUB_STEP_SUMMARY:-/dev/null}"
forget
exit "$failed"
