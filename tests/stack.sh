# The servers of tests/run: PostgreSQL A and B and one Kafka, on free ports, gone when the run is over. Sourced by tests/run.
# shellcheck shell=bash

test_stack_prefix=${TMPDIR:-/tmp}/penstock-tests
test_stack_dir=

# start_one SERVER NAME: its address goes to a file, so that three can start at once.
start_one() { "$repo/compose/stack" "$1" start "$test_stack_dir/$2" >"$test_stack_dir/$2.address"; }

start_test_stack() {
  local pids=() pid
  sweep_scratch "$test_stack_prefix" a b
  # Removed by stop_test_stack, and by the next run's sweep_scratch where this one is killed.
  test_stack_dir=$(mktemp -d -- "$test_stack_prefix.XXXXXX")
  trap stop_test_stack EXIT
  trap 'exit 130' INT
  trap 'exit 143' TERM HUP
  # User postgres must get through to its data.
  chmod 755 "$test_stack_dir"
  printf '%d\n' "$$" >"$test_stack_dir/owner"
  start_one pg a & pids+=("$!")
  start_one pg b & pids+=("$!")
  start_one kafka kafka & pids+=("$!")
  for pid in "${pids[@]}"; do wait "$pid" || die "the servers of the tests did not start"; done
  PENSTOCK_TEST_A=$(<"$test_stack_dir/a.address")
  PENSTOCK_TEST_B=$(<"$test_stack_dir/b.address")
  PENSTOCK_TEST_KAFKA=$(<"$test_stack_dir/kafka.address")
  PENSTOCK_TEST_STACK=$repo/compose/stack
  export PENSTOCK_TEST_A PENSTOCK_TEST_B PENSTOCK_TEST_KAFKA PENSTOCK_TEST_STACK
  note "A $PENSTOCK_TEST_A"
  note "B $PENSTOCK_TEST_B"
  note "Kafka $PENSTOCK_TEST_KAFKA"
}

# The last report of servers that are about to go, when a test failed, is their logs: kept beside the build.
stop_test_stack() {
  [[ -n $test_stack_dir ]] || return 0
  local logs=$repo/build/server-logs name
  mkdir -p -- "$logs"
  # One that never started has none.
  for name in a b kafka; do cp -f -- "$test_stack_dir/$name/log" "$logs/$name.log" 2>/dev/null || true; done
  remove_scratch "$test_stack_dir" a b
  test_stack_dir=
}
