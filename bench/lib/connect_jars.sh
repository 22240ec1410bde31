# The jars of Kafka Connect and Debezium: Maven fetches them into the cache where Kafka's are. Sourced by bench/run.
# shellcheck shell=bash

# connect_class_path: prints Java's class path. The wildcard is Java's, not the shell's.
connect_class_path() {
  local jars
  jars=$(maven_jars connect "$repo/bench/connect/pom.xml") || return 1
  printf '%s:%s/*\n' "$repo/compose/kafka" "$jars"
}

# pom_version NAME: kafka or debezium.
pom_version() { sed -n "s:.*<$1.version>\(.*\)</$1.version>.*:\1:p" "$repo/bench/connect/pom.xml"; }
