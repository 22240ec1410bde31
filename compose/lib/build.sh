# Builds the program and its tests with CMake's presets.
# shellcheck shell=bash

# As many at once as there are processors, and a gigabyte and a half of memory for each compiler.
build_jobs() {
  local by_memory jobs
  jobs=$(nproc)
  by_memory=$(awk '/^MemAvailable/ {print int($2 / 1572864)}' /proc/meminfo)
  ((by_memory >= jobs)) || jobs=$((by_memory > 0 ? by_memory : 1))
  printf '%d\n' "${PENSTOCK_JOBS:-$jobs}"
}

# build PRESET [TARGET...]
build() {
  local preset=$1 log=$repo/build/$1-build.log
  shift
  logged "$log" build_now "$preset" "$@"
}

build_now() {
  local preset=$1
  shift
  (cd -- "$repo" && cmake --preset "$preset" &&
    nice cmake --build --preset "$preset" -j "$(build_jobs)" ${1:+--target "$@"})
}
