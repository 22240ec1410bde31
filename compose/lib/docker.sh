# Docker, where an engine runs: the stack of compose/docker-compose.yml.
# shellcheck shell=bash

compose_command=()

# find_compose_command: the plugin or the older program of its own.
find_compose_command() {
  if docker compose version >/dev/null 2>&1; then
    compose_command=(docker compose)
  elif command -v docker-compose >/dev/null; then
    compose_command=(docker-compose)
  else
    return 1
  fi
}

# PENSTOCK_NATIVE=1 says: processes, even where Docker runs. A client without its engine is no Docker.
docker_runs() { [[ -z ${PENSTOCK_NATIVE:-} ]] && docker info >/dev/null 2>&1 && find_compose_command; }

# in_compose NAME ARGUMENTS...: compose with the project of stack NAME.
in_compose() {
  local name=$1
  shift
  "${compose_command[@]}" -p "penstock-$name" -f "$repo/compose/docker-compose.yml" "$@"
}
