# Servers of a script's own, in a directory PREFIX.XXXXXX that goes with them: a broker in kafka/, PostgreSQL in the others that
# are named. The directory's file "owner" names the script's process.
# shellcheck shell=bash

# remove_scratch DIR POSTGRESQL...
remove_scratch() {
  local dir=$1 name
  for name in "${@:2}"; do "$repo/compose/stack" pg stop "$dir/$name" immediate & done
  "$repo/compose/stack" kafka kill "$dir/kafka" &
  wait
  rm -rf -- "$dir"
}

# sweep_scratch PREFIX POSTGRESQL...: what scripts left behind that were killed themselves: their directory is there, their
# owner is not.
sweep_scratch() {
  local dir
  for dir in "$1".*; do
    if [[ -O $dir && -f $dir/owner ]] && ! kill -0 "$(<"$dir/owner")" 2>/dev/null; then remove_scratch "$dir" "${@:2}"; fi
  done
}
