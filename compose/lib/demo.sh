# The parts of compose/demo: the users' databases, the replicator as a process, what is known about its progress.
# shellcheck shell=bash

demo_dir=$run_dir/demo
demo_program=$repo/build/release/penstock
demo_config=$repo/compose/penstock.toml

# Host and port of a URI, as penstock.toml takes them.
address_of() { sed -E 's#^[a-z]+://([^@]*@)?([^/]*).*#\2#' <<<"$1"; }

demo_environment() {
  PENSTOCK_A=$(address_of "$PENSTOCK_STACK_A")
  PENSTOCK_B=$(address_of "$PENSTOCK_STACK_B")
  PENSTOCK_KAFKA=$PENSTOCK_STACK_KAFKA
  # For psql and the bench: a password on a command line can be seen by everybody.
  PGPASSWORD=$PENSTOCK_PASSWORD
  export PENSTOCK_A PENSTOCK_B PENSTOCK_KAFKA PGPASSWORD
  source_uri=postgresql://app@$PENSTOCK_A/employees_a
  target_uri=postgresql://app@$PENSTOCK_B/employees_b
  ledger_uri=postgresql://penstock@$PENSTOCK_B/employees_b
}

quiet_psql() { (cd -- "$repo/compose" && psql -XqAt -v ON_ERROR_STOP=1 "$@"); }

on_a() { quiet_psql "$source_uri" "$@"; }
on_b() { quiet_psql "$target_uri" "$@"; }

# Docker's servers have run these scripts when they first started.
demo_create() {
  local side uri
  for side in a b; do
    uri=$PENSTOCK_STACK_A
    if [[ $side == b ]]; then uri=$PENSTOCK_STACK_B; fi
    if [[ -z $(quiet_psql "$uri" -c "select 1 from pg_database where datname = 'employees_$side'") ]]; then
      quiet_psql "$uri" -f "sql/employees_$side.sql"
    fi
  done
  on_a -f sql/load_employees.sql -o /dev/null
}

penstock() { "$demo_program" --config "$demo_config" "$@"; }

replicator_pid() {
  local pid
  pid=$(cat -- "$demo_dir/penstock.pid" 2>/dev/null) || return 0
  if [[ -n $pid && $(readlink "/proc/$pid/cwd" 2>/dev/null) == "$demo_dir" && $(process_state "$pid") != Z ]]; then
    printf '%s\n' "$pid"
  fi
}

replicator_gone() { [[ -z $(replicator_pid) ]]; }

# From within its directory, by which replicator_pid knows it; in a session of its own, so that an interrupt is ours alone.
demo_start_replicator() {
  (
    cd -- "$demo_dir" || exit
    setsid "$demo_program" --config "$demo_config" run </dev/null >>penstock.log 2>&1 &
    printf '%d\n' "$!" >penstock.pid
  )
}

demo_stop_replicator() {
  local pid
  pid=$(replicator_pid)
  [[ -n $pid ]] || return 0
  kill -TERM "$pid"
  wait_until 15 "the replicator to stop" replicator_gone || kill -KILL "$pid"
}

demo_kill_replicator() {
  local pid
  pid=$(replicator_pid)
  [[ -n $pid ]] || die "the replicator does not run: see $demo_dir/penstock.log"
  kill -KILL "$pid"
  wait_until 10 "the replicator to end" replicator_gone
}

# status's answer, whatever its exit code says about it: with rejects in the books the answer may be a no.
status_json() { penstock status --json 2>/dev/null || true; }

# demo_total FIELD...: sums over the tables of status, space separated; fails while status has no answer.
demo_total() {
  local fields
  fields=$(printf '"%s",' "$@")
  status_json | jq -er --argjson fields "[${fields%,}]" \
    '.tables as $t | [$fields[] | . as $f | [$t[][$f]] | add] | join(" ")'
}

# At least so many captured, and nothing under way.
demo_settled() {
  local totals captured in_flight
  totals=$(demo_total captured in_flight) || return 1
  read -r captured in_flight <<<"$totals"
  ((captured >= $1 && in_flight == 0))
}

settled_or_dead() { replicator_gone || demo_settled "$1"; }

# demo_wait_settled CAPTURED_AT_LEAST
demo_wait_settled() {
  wait_until 60 "B to have everything" settled_or_dead "$1"
  if replicator_gone; then die "the replicator has ended"; fi
}

arrived_or_dead() { replicator_gone || [[ -n $(on_b -c "select 1 from employee_b where emp_id = $1") ]]; }

# A row that is written last arrives last: only then do the books say something about all that went before.
demo_wait_for_last_row() {
  local last
  last=$(on_a -c "insert into employee_a (first_name, dob, salary) values ('Last', '2010-01-01', 20000) returning emp_id")
  wait_until 60 "the last row to arrive on B" arrived_or_dead "$last"
  demo_wait_settled 0
}
