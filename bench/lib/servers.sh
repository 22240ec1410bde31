# The servers of bench/run: A, an A for each rival that needs logical decoding, B and one Kafka, on free ports, gone when the
# run is over. Sourced by bench/run.
# shellcheck shell=bash

bench_prefix=${TMPDIR:-/tmp}/penstock-bench
bench_dir=
bench_driver=
bench_databases=(a a_native a_debezium b)

# start_bench_server SERVER NAME [NAME=VALUE...]: its address goes to a file, so that all can start at once.
start_bench_server() {
  "$repo/compose/stack" "$1" start "$bench_dir/$2" 0 "${@:3}" >"$bench_dir/$2.address"
}

# Everything as PostgreSQL ships it (synchronous_commit and fsync on) but for: no checkpoint falls into a run because the WAL
# was small; the WAL of B stays long enough to read commit times out of it; a subscription's worker that was paused starts
# again at once.
start_bench_servers() {
  local pids=() pid settings=(max_wal_size=8GB checkpoint_timeout=30min)
  sweep_scratch "$bench_prefix" "${bench_databases[@]}"
  bench_dir=$(mktemp -d -- "$bench_prefix.XXXXXX")
  trap stop_bench EXIT
  trap 'exit 130' INT
  trap 'exit 143' TERM HUP
  # User postgres must get through to its data.
  chmod 755 "$bench_dir"
  printf '%d\n' "$$" >"$bench_dir/owner"
  start_bench_server pg a "${settings[@]}" &
  pids+=("$!")
  start_bench_server pg a_native "${settings[@]}" wal_level=logical &
  pids+=("$!")
  start_bench_server pg a_debezium "${settings[@]}" wal_level=logical &
  pids+=("$!")
  start_bench_server pg b "${settings[@]}" wal_keep_size=2GB wal_retrieve_retry_interval=100ms &
  pids+=("$!")
  start_bench_server kafka kafka &
  pids+=("$!")
  for pid in "${pids[@]}"; do wait "$pid" || die "the servers did not start"; done
  bench_a=$(<"$bench_dir/a.address")
  bench_a_native=$(<"$bench_dir/a_native.address")
  bench_a_debezium=$(<"$bench_dir/a_debezium.address")
  bench_b=$(<"$bench_dir/b.address")
  bench_kafka=$(<"$bench_dir/kafka.address")
  bench_kafka_process=$(<"$bench_dir/kafka/pid")
}

# The driver's session first: a replicator that outlives its servers would complain for nobody.
stop_bench() {
  # It may have ended by itself, and its end after SIGKILL is no failure.
  if [[ -n $bench_driver ]]; then
    { kill -KILL -- "-$bench_driver" && wait "$bench_driver"; } 2>/dev/null || true
  fi
  [[ -n $bench_dir ]] || return 0
  remove_scratch "$bench_dir" "${bench_databases[@]}"
  bench_dir=
}
