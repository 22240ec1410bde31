# One Kafka broker in a directory: KRaft mode, broker and controller in one process. DIR/data, DIR/port, DIR/pid, DIR/log. A
# broker that was killed starts again on its port with its data. With the settings join=OTHER_DIR node.id=N it is a broker
# alone, in the cluster of the one in OTHER_DIR.
# shellcheck shell=bash

kafka_start_seconds=60
# The quick compiler alone, and the simple collector: on two cores the others' threads take their time from the line.
kafka_java_options=${PENSTOCK_KAFKA_JAVA_OPTIONS:--Xmx512m -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -Xshare:auto}

# kafka_pid DIR: the broker's process id, or nothing when it does not run.
kafka_pid() {
  local pid
  pid=$(cat -- "$1/pid" 2>/dev/null) || return 0
  if [[ -n $pid && $(readlink "/proc/$pid/cwd" 2>/dev/null) == "$1" && $(process_state "$pid") != Z ]]; then
    printf '%s\n' "$pid"
  fi
}

kafka_gone() { [[ -z $(kafka_pid "$1") ]]; }

# The process is gone at once, its other threads may still hold the port.
kafka_ended() { kafka_gone "$1" && ! port_listens "$(<"$1/port")"; }

# kafka_setting DIR NAME: a setting that was given, or nothing (a first start has no file of them yet).
kafka_setting() { sed -n "s|^$2=||p" "$1/settings" 2>/dev/null || true; }

# kafka_configure DIR PORT CONTROLLER_PORT [NAME=VALUE...]: the settings given are kept for later starts. A killed broker
# cannot register again before its old session has run out: 9 s unless said otherwise.
kafka_configure() {
  local dir=$1 port=$2 controller=$3 joined roles=broker,controller
  shift 3
  if (($# > 0)); then printf '%s\n' "$@" >"$dir/settings"; fi
  joined=$(kafka_setting "$dir" join)
  local listeners=PLAINTEXT://127.0.0.1:$port,CONTROLLER://127.0.0.1:$controller
  if [[ -n $joined ]]; then
    controller=$(<"$joined/controller_port")
    roles=broker
    listeners=PLAINTEXT://127.0.0.1:$port
  fi
  cat >"$dir/server.properties" <<EOF
process.roles=$roles
node.id=1
listeners=$listeners
advertised.listeners=PLAINTEXT://127.0.0.1:$port
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT
controller.listener.names=CONTROLLER
controller.quorum.voters=1@127.0.0.1:$controller
log.dirs=$dir/data
auto.create.topics.enable=false
offsets.topic.num.partitions=1
offsets.topic.replication.factor=1
transaction.state.log.num.partitions=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
group.initial.rebalance.delay.ms=0
broker.heartbeat.interval.ms=500
broker.session.timeout.ms=3000
log.cleaner.dedupe.buffer.size=16777216
EOF
  if [[ -f $dir/settings ]]; then sed '/^join=/d' -- "$dir/settings" >>"$dir/server.properties"; fi
}

# kafka_java CLASS ARGUMENTS...: becomes Java, in a session of its own: an interrupt at the terminal is for us, and we stop the
# broker in order. The wildcard is Java's, not the shell's. -UsePerfData: to write its counters Java
# changes to a directory under /tmp for a moment, and kafka_pid, which knows the broker by its directory, took it for gone.
kafka_java() {
  local jars options
  jars=$(kafka_jars)
  read -ra options <<<"$kafka_java_options"
  exec setsid java -XX:-UsePerfData "${options[@]}" -cp "$repo/compose/kafka:$jars/*" "$@"
}

kafka_format() {
  local dir=$1 id joined
  # A formatting that was cut short leaves no meta.properties, and is done again from nothing.
  rm -rf -- "$dir/data"
  joined=$(kafka_setting "$dir" join)
  id=$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')
  id=${id:0:22}
  if [[ -n $joined ]]; then id=$(sed -n 's/^cluster.id=//p' "$joined/data/meta.properties"); fi
  (kafka_java kafka.tools.StorageTool format -t "$id" -c "$dir/server.properties") >"$dir/log" 2>&1 || {
    tail -n 20 -- "$dir/log" >&2
    die "Kafka could not format $dir/data"
  }
}

# Listening is not yet answering; kcat waits a whole second when nobody listens.
kafka_answers() { port_listens "$1" && kcat -b "127.0.0.1:$1" -L -m 2 >/dev/null 2>&1; }

kafka_up_or_dead() { kafka_gone "$1" || kafka_answers "$2"; }

# kafka_start DIR [PORT] [NAME=VALUE...]: prints host:port. One that runs already stays as it is.
kafka_start() {
  local dir port controller
  dir=$(realpath -m -- "$1")
  port=${2:-}
  shift $(($# > 1 ? 2 : 1))
  if [[ -n $(kafka_pid "$dir") ]]; then
    kafka_await "$dir" "$(<"$dir/port")"
    return
  fi
  mkdir -p -- "$dir"
  port=$(server_port "$dir" port "$port")
  controller=$(server_port "$dir" controller_port)
  kafka_configure "$dir" "$port" "$controller" "$@"
  [[ -f $dir/data/meta.properties ]] || kafka_format "$dir"
  # From within its directory: that is how kafka_pid knows the process, from its first moment.
  (
    cd -- "$dir" || exit
    kafka_java kafka.Kafka "$dir/server.properties" </dev/null >>"$dir/log" 2>&1 &
    printf '%d\n' "$!" >"$dir/pid"
  )
  kafka_await "$dir" "$port"
}

kafka_await() {
  # Why it did not come is said below, with the last lines of its log.
  wait_until "$kafka_start_seconds" "Kafka" kafka_up_or_dead "$1" "$2" || true
  if kafka_gone "$1" || ! kafka_answers "$2"; then
    tail -n 20 -- "$1/log" >&2
    die "Kafka in $1 did not start"
  fi
  printf '127.0.0.1:%d\n' "$2"
}

# kafka_stop DIR: in order, by SIGTERM; after 30 s by force.
kafka_stop() {
  local dir pid
  dir=$(realpath -m -- "$1")
  pid=$(kafka_pid "$dir")
  [[ -n $pid ]] || return 0
  kill -TERM "$pid"
  wait_until 30 "Kafka to stop" kafka_ended "$dir" || kafka_kill "$dir"
}

# kafka_kill DIR: SIGKILL.
kafka_kill() {
  local dir pid
  dir=$(realpath -m -- "$1")
  pid=$(kafka_pid "$dir")
  [[ -n $pid ]] || return 0
  kill -KILL "$pid"
  wait_until 10 "Kafka to end" kafka_ended "$dir"
}
