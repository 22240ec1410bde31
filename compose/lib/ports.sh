# Free TCP ports. A port is claimed for a server's directory, so that two callers at once never get the same one and a
# server finds its port free when it is started again. A claim is void once the directory is gone.
# shellcheck shell=bash

ports_dir=/tmp/penstock-ports
# Below the ephemeral range: no outgoing connection takes one of these between our look and the server's bind.
port_first=20000
port_count=12000

# The kernel's own list of listeners: no tool needed, and nothing is connected to.
port_listens() {
  local hex
  printf -v hex ':%04X' "$1"
  grep -qs "$hex [0-9A-F]*:0000 0A " /proc/net/tcp /proc/net/tcp6
}

# The directory that has claimed the port; nothing when the claim is void.
port_holder() {
  local holder
  holder=$(cat -- "$ports_dir/$1" 2>/dev/null) || return 0
  if [[ -d $holder ]]; then printf '%s\n' "$holder"; fi
}

# Another user's void claim cannot be removed from a sticky directory: that port stays out of use.
write_claim() { rm -f -- "${ports_dir:?}/$1" 2>/dev/null && printf '%s\n' "$2" >"$ports_dir/$1"; }

# Called under the lock.
take_port() {
  local port=$1 directory=$2 wanted=$3 holder
  if port_listens "$port"; then return 1; fi
  holder=$(port_holder "$port")
  if [[ -n $wanted && $holder == "$directory" ]]; then return 0; fi
  [[ -z $holder ]] && write_claim "$port" "$directory"
}

# claim_port DIR [PREFERRED]: prints a port that nobody listens on and nobody else has claimed.
claim_port() {
  local directory=$1 wanted=${2:-} lock port tries
  [[ -d $ports_dir ]] || mkdir -m 1777 -- "$ports_dir" 2>/dev/null || [[ -d $ports_dir ]]
  exec {lock}<"$ports_dir"
  flock "$lock"
  for ((tries = 0; tries < 1000; ++tries)); do
    port=${wanted:-$((port_first + RANDOM % port_count))}
    if take_port "$port" "$directory" "$wanted"; then
      exec {lock}<&-
      printf '%d\n' "$port"
      return
    fi
    wanted=
  done
  exec {lock}<&-
  die "no free port between $port_first and $((port_first + port_count))"
}

# claim_this_port DIR PORT: that port or none.
claim_this_port() {
  local port
  port=$(claim_port "$1" "$2")
  if [[ $port != "$2" ]]; then
    release_ports "$1" "$port"
    die "port $2 is taken"
  fi
}

# release_ports DIR PORT...: gives claims of DIR back.
release_ports() {
  local directory=$1 port
  shift
  for port in "$@"; do
    if [[ $(port_holder "$port") == "$directory" ]]; then rm -f -- "${ports_dir:?}/$port"; fi
  done
}

# server_port DIR FILE [PORT]: the port a server was given before, or the one asked for now, or a free one; remembered in
# DIR/FILE.
server_port() {
  local directory=$1 file=$1/$2 wanted=${3:-} port
  if [[ -z $wanted && -s $file ]]; then wanted=$(<"$file"); fi
  if [[ -n $wanted ]]; then
    claim_this_port "$directory" "$wanted"
    port=$wanted
  else
    port=$(claim_port "$directory")
  fi
  printf '%d\n' "$port" >"$file"
  printf '%d\n' "$port"
}
