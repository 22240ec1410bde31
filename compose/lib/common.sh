# Shared by every script of the stack: where things are, messages, waiting with a bound. Sourced, never run.
# shellcheck shell=bash

repo=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/../.." && pwd -P)
cache_dir=${PENSTOCK_CACHE:-${HOME:-/var/tmp}/.cache/penstock}
run_dir=${PENSTOCK_RUN:-/var/tmp/penstock-$UID}
started_at=$SECONDS
step_number=0

# step TITLE: a numbered heading with the time since the script began.
step() {
  step_number=$((step_number + 1))
  printf '\n== %d. %s  [%d s]\n' "$step_number" "$*" "$((SECONDS - started_at))"
}

note() { printf '   %s\n' "$*"; }

die() {
  printf '%s: %s\n' "${0##*/}" "$*" >&2
  exit 1
}

# wait_until SECONDS WHAT COMMAND...: repeats COMMAND until it succeeds; shows on a terminal that it waits.
wait_until() {
  local deadline=$((SECONDS + $1)) what=$2 began=$SECONDS shown=
  shift 2
  until "$@"; do
    if ((SECONDS >= deadline)); then
      [[ -z $shown ]] || printf '\n' >&2
      printf '%s: gave up after %d s waiting for %s\n' "${0##*/}" "$((SECONDS - began))" "$what" >&2
      return 1
    fi
    if [[ -t 2 ]] && ((SECONDS > began)); then
      shown=1
      printf '\r   waiting for %s, %d s ' "$what" "$((SECONDS - began))" >&2
    fi
    sleep 0.05
  done
  [[ -z $shown ]] || printf '\r\033[K' >&2
}

# logged LOG COMMAND...: on a terminal the command speaks for itself; elsewhere it writes to LOG, shown if it fails.
logged() {
  local log=$1
  shift
  if [[ -t 1 ]]; then
    "$@"
    return
  fi
  mkdir -p "$(dirname -- "$log")"
  if ! "$@" >"$log" 2>&1; then
    tail -n 100 "$log" >&2
    return 1
  fi
}

# make_private_dir DIR: a directory of ours. In a world-writable place somebody else may have made it first.
make_private_dir() {
  mkdir -p -- "$1"
  [[ -O $1 && ! -L $1 ]] || die "$1 belongs to somebody else; set PENSTOCK_RUN to another directory"
}

# process_state PID: its letter, or nothing where it has ended (the file may go while it is read).
process_state() { sed -n 's/^State:[[:space:]]*\(.\).*/\1/p' "/proc/$1/status" 2>/dev/null || true; }

# processes_gone PID...: a zombie counts as gone, its parent may be slow to notice.
processes_gone() {
  local pid
  for pid in "$@"; do
    if [[ -e /proc/$pid && $(process_state "$pid") != Z ]]; then return 1; fi
  done
}
