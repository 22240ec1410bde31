# One PostgreSQL server in a directory: DIR/data, DIR/port, DIR/log, its socket in DIR. Any number of them, on any port;
# a server that was killed starts again on its port with its data.
# shellcheck shell=bash

pg_bin=${PENSTOCK_PG_BIN:-/usr/lib/postgresql/15/bin}
pg_start_seconds=60

# PostgreSQL refuses to run as root. Sessions start in / because the server's user may not read the caller's directory.
as_server() {
  if ((UID == 0)); then
    (cd / && runuser -u postgres -- "$@")
  else
    (cd / && "$@")
  fi
}

# pg_pid DIR: the postmaster's process id, or nothing when it does not run (whatever a killed one left behind).
pg_pid() {
  local pid
  pid=$(head -n 1 "$1/data/postmaster.pid" 2>/dev/null) || return 0
  if [[ $(readlink "/proc/$pid/cwd" 2>/dev/null) == "$1/data" ]]; then printf '%s\n' "$pid"; fi
}

pg_gone() { [[ -z $(pg_pid "$1") ]]; }

pg_make_directory() {
  mkdir -p -- "$1"
  if ((UID == 0)); then chown postgres: -- "$1"; fi
  chmod 700 -- "$1"
  as_server test -w "$1" || die "user postgres cannot reach $1: a directory above it is closed to others"
}

# With PENSTOCK_PG_PASSWORD set, TCP asks for it; otherwise anybody on this machine may connect, as tests want it. The
# socket lies in a directory of mode 0700.
pg_initialise() {
  local dir=$1 method=trust fresh=$1/data.new
  if [[ -n ${PENSTOCK_PG_PASSWORD:-} ]]; then method=scram-sha-256; fi
  rm -rf -- "$fresh"
  as_server "$pg_bin/initdb" -D "$fresh" -U postgres -A trust --encoding=UTF8 --locale=C.UTF-8 --no-sync >/dev/null
  cat >"$fresh/pg_hba.conf" <<EOF
local all all              trust
host  all all 127.0.0.1/32 $method
host  all all ::1/128      $method
local replication all              trust
host  replication all 127.0.0.1/32 $method
EOF
  echo "include 'penstock.conf'" >>"$fresh/postgresql.conf"
  # Renamed last: a half-made cluster is never taken for a whole one.
  mv -T -- "$fresh" "$dir/data"
}

# pg_configure DIR PORT [NAME=VALUE...]: the settings given are kept for later starts.
pg_configure() {
  local dir=$1 port=$2
  shift 2
  if (($# > 0)); then printf '%s\n' "$@" >"$dir/settings"; fi
  {
    printf "port = %d\nlisten_addresses = '127.0.0.1'\nunix_socket_directories = '%s'\n" "$port" "$(pg_socket "$dir")"
    printf 'max_connections = 200\ntrack_commit_timestamp = on\nlog_line_prefix = %s\n' "'%m [%p] %a '"
    if [[ -f $dir/settings ]]; then cat -- "$dir/settings"; fi
  } >"$dir/data/penstock.conf"
}

# A socket's path may have 107 bytes; a server in a deeper directory goes without.
pg_socket() { if ((${#1} < 85)); then printf '%s' "$1"; fi; }

pg_uri() {
  printf 'postgresql://postgres%s@127.0.0.1:%d/postgres\n' "${PENSTOCK_PG_PASSWORD:+:$PENSTOCK_PG_PASSWORD}" "$2"
}

# pg_start DIR [PORT] [NAME=VALUE...]: prints the superuser's connection URI. One that runs already stays as it is.
pg_start() {
  local dir port
  dir=$(realpath -m -- "$1")
  port=${2:-}
  shift $(($# > 1 ? 2 : 1))
  if [[ -n $(pg_pid "$dir") ]]; then
    pg_uri "$dir" "$(<"$dir/port")"
    return
  fi
  pg_make_directory "$dir"
  port=$(server_port "$dir" port "$port")
  [[ -d $dir/data ]] || pg_initialise "$dir"
  pg_configure "$dir" "$port" "$@"
  # No postmaster runs here: its locks are a killed one's, and their process ids may be others' by now.
  rm -f -- "$dir/data/postmaster.pid" "$dir"/.s.PGSQL.*.lock
  if ! as_server "$pg_bin/pg_ctl" start -w -t "$pg_start_seconds" -D "$dir/data" -l "$dir/log" >/dev/null; then
    tail -n 20 -- "$dir/log" >&2
    die "PostgreSQL in $dir did not start"
  fi
  if [[ -n ${PENSTOCK_PG_PASSWORD:-} ]]; then pg_set_password "$dir" "$port"; fi
  pg_uri "$dir" "$port"
}

# Through standard input: a command line can be seen by everybody.
pg_set_password() {
  as_server "$pg_bin/psql" -qX -h "$(pg_socket "$1")" -p "$2" -U postgres -v ON_ERROR_STOP=1 -d postgres \
    <<<"alter role postgres password '${PENSTOCK_PG_PASSWORD//\'/\'\'}'"
}

# pg_copy DIR NEW [standby]: a base backup of the running server in DIR, to be started in NEW: by itself, or as a standby that
# follows it.
pg_copy() {
  local dir new options=()
  dir=$(realpath -m -- "$1")
  new=$(realpath -m -- "$2")
  if [[ ${3:-} == standby ]]; then options=(--write-recovery-conf); fi
  pg_make_directory "$new"
  as_server "$pg_bin/pg_basebackup" --pgdata="$new/data" --dbname="$(pg_uri "$dir" "$(<"$dir/port")")" \
    --checkpoint=fast --no-sync "${options[@]}"
  if [[ -f $dir/settings ]]; then cp -- "$dir/settings" "$new/settings"; fi
}

# pg_promote DIR: a standby becomes a primary.
pg_promote() {
  local dir
  dir=$(realpath -m -- "$1")
  as_server "$pg_bin/pg_ctl" promote -w -D "$dir/data" >/dev/null
}

# pg_stop DIR [fast|smart|immediate]
pg_stop() {
  local dir
  dir=$(realpath -m -- "$1")
  [[ -n $(pg_pid "$dir") ]] || return 0
  as_server "$pg_bin/pg_ctl" stop -w -t 60 -m "${2:-fast}" -D "$dir/data" >/dev/null
}

# pg_kill DIR: SIGKILL to the postmaster and to every process of it, as a machine that loses its power.
pg_kill() {
  local dir pid children=()
  dir=$(realpath -m -- "$1")
  pid=$(pg_pid "$dir")
  [[ -n $pid ]] || return 0
  # It may have ended by itself in between.
  read -ra children <"/proc/$pid/task/$pid/children" || true
  # Stopped first, or the postmaster would restart what dies before it does.
  kill -STOP "$pid"
  kill -KILL "$pid" "${children[@]}" 2>/dev/null || true
  wait_until 10 "the processes of $dir to end" processes_gone "$pid" "${children[@]}"
}
