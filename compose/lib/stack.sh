# The stack: PostgreSQL A and B and one Kafka broker, by Docker or as processes. A stack has a name, its servers keep their
# ports and their data until it is purged. RUN/NAME/env tells what runs and where.
# shellcheck shell=bash

# Asked for over TCP. For a stack on this machine alone: every server listens on the loopback address only.
export PENSTOCK_PG_PASSWORD=${PENSTOCK_PG_PASSWORD:-penstock}
export PENSTOCK_PASSWORD=${PENSTOCK_PASSWORD:-penstock}

stack_ports_preferred=(5441 5442 9092)

stack_uri() { printf 'postgresql://postgres:%s@127.0.0.1:%d/postgres' "$PENSTOCK_PG_PASSWORD" "$1"; }

# stack_up NAME: starts what does not run, then reads the addresses into PENSTOCK_STACK_A, _B (superuser's URIs), _KAFKA.
stack_up() {
  local dir=$run_dir/$1
  make_private_dir "$run_dir"
  chmod 755 "$run_dir"
  mkdir -p -- "$dir"
  if docker_runs; then
    docker_up "$1" "$dir"
  else
    native_up "$dir"
  fi
  stack_addresses "$1"
}

# stack_addresses NAME: false when that stack was never started.
stack_addresses() {
  [[ -f $run_dir/$1/env ]] || return 1
  # shellcheck source=/dev/null
  . "$run_dir/$1/env"
  export PENSTOCK_STACK_A PENSTOCK_STACK_B PENSTOCK_STACK_KAFKA
}

# write_addresses DIR ENGINE A B KAFKA
write_addresses() {
  (umask 077 && printf 'PENSTOCK_STACK_ENGINE=%q\nPENSTOCK_STACK_A=%q\nPENSTOCK_STACK_B=%q\nPENSTOCK_STACK_KAFKA=%q\n' \
    "${@:2}" >"$1/env")
}

# The port people expect (9092) where it is free, for a stack that has none yet.
first_port() {
  if [[ ! -s $1/port ]]; then
    mkdir -p -- "$1"
    claim_port "$1" "$2"
  fi
}

native_up() {
  local dir=$1 i port pids=() pid names=(a b kafka)
  for i in 0 1 2; do
    port=$(first_port "$dir/${names[i]}" "${stack_ports_preferred[i]}")
    case ${names[i]} in
      kafka) kafka_start "$dir/kafka" "$port" >"$dir/kafka.address" & ;;
      *) pg_start "$dir/${names[i]}" "$port" >"$dir/${names[i]}.address" & ;;
    esac
    pids+=("$!")
  done
  for pid in "${pids[@]}"; do wait "$pid" || die "the stack did not start"; done
  write_addresses "$dir" native "$(<"$dir/a.address")" "$(<"$dir/b.address")" "$(<"$dir/kafka.address")"
  rm -f -- "$dir"/*.address
}

server_answers() { psql -XqAt -o /dev/null -c 'select 1' "$1" 2>/dev/null; }

docker_up() {
  local name=$1 dir=$2
  local names=(a b kafka) ports=() i
  for i in 0 1 2; do
    mkdir -p -- "$dir/${names[i]}"
    if [[ ! -s $dir/${names[i]}/port ]]; then
      claim_port "$dir/${names[i]}" "${stack_ports_preferred[i]}" >"$dir/${names[i]}/port"
    fi
    ports+=("$(<"$dir/${names[i]}/port")")
  done
  export PENSTOCK_PORT_A=${ports[0]} PENSTOCK_PORT_B=${ports[1]} PENSTOCK_PORT_KAFKA=${ports[2]}
  in_compose "$name" up -d a b kafka
  wait_until 180 "PostgreSQL A" server_answers "$(stack_uri "${ports[0]}")"
  wait_until 180 "PostgreSQL B" server_answers "$(stack_uri "${ports[1]}")"
  wait_until 180 "Kafka" kafka_answers "${ports[2]}"
  write_addresses "$dir" docker "$(stack_uri "${ports[0]}")" "$(stack_uri "${ports[1]}")" "127.0.0.1:${ports[2]}"
}

# stack_down NAME [purge]: stops the servers; purge takes their data away too.
stack_down() {
  local name=$1 purge=${2:-} dir=$run_dir/$1 server ports
  [[ -d $dir ]] || return 0
  if stack_addresses "$name" && [[ $PENSTOCK_STACK_ENGINE == docker ]]; then
    docker_runs || die "the stack '$name' was started with Docker, which does not answer"
    in_compose "$name" down ${purge:+--volumes}
  else
    pg_stop "$dir/a" &
    pg_stop "$dir/b" &
    kafka_stop "$dir/kafka" &
    wait
  fi
  if [[ -n $purge ]]; then
    for server in a b kafka; do
      mapfile -t ports < <(cat -- "$dir/$server"/{port,controller_port} 2>/dev/null)
      release_ports "$dir/$server" "${ports[@]}"
    done
    rm -rf -- "$dir"
  fi
}

stack_print() {
  note "PostgreSQL A   $PENSTOCK_STACK_A"
  note "PostgreSQL B   $PENSTOCK_STACK_B"
  note "Kafka          $PENSTOCK_STACK_KAFKA   (Offset Explorer: bootstrap servers, plaintext)"
}
