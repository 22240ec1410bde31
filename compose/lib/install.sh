# Installs what is missing, from Debian's packages. With everything there it asks nobody and changes nothing.
# shellcheck shell=bash

package_lists=(build stack) # of compose/packages; a script may add to them

packages_of() { sed 's/#.*//' "$repo/compose/packages/$1.txt" | grep -v '^ *$'; }

java_is_new_enough() { # the broker wants 17
  local version
  version=$(java -version 2>&1 | sed -n 's/.*version "\([0-9]*\).*/\1/p') || return 1
  [[ -n $version ]] && ((version >= 17))
}

compose_command_exists() { docker compose version >/dev/null 2>&1 || command -v docker-compose >/dev/null; }

# What may have come from elsewhere than a package is asked by command.
packages_wanted() {
  local list
  for list in "${package_lists[@]}"; do packages_of "$list"; done
  java_is_new_enough || echo openjdk-17-jre-headless
  command -v mvn >/dev/null || echo maven
  compose_command_exists || echo docker-compose
}

# shellcheck disable=SC2016 # the dollar signs are dpkg-query's
packages_missing() {
  # dpkg-query fails when it does not know one of them, and still lists the others.
  packages_wanted | sort -u | comm -23 - <(
    packages_wanted | xargs dpkg-query -W -f '${db:Status-Status} ${Package}\n' 2>/dev/null |
      sed -n 's/^installed //p' | sort -u
  )
}

as_root() {
  if ((UID == 0)); then
    "$@"
  elif command -v sudo >/dev/null; then
    sudo -- "$@"
  else
    die "needs root or sudo to run: $*"
  fi
}

apt_install() {
  as_root env DEBIAN_FRONTEND=noninteractive \
    apt-get -o DPkg::Lock::Timeout=300 install --yes --quiet --no-install-recommends "$@"
}

# Debian's package makes a cluster on port 5432 and starts it, unless told otherwise before it is installed. The machine's
# setting is put back afterwards, and clusters that exist already are left alone.
install_postgresql() {
  local conf=/etc/postgresql-common/createcluster.conf
  apt_install postgresql-common
  as_root cp -p "$conf" "$conf.penstock"
  as_root sed -i 's/^#* *create_main_cluster.*/create_main_cluster = false/' "$conf"
  apt_install postgresql-15 || { as_root mv "$conf.penstock" "$conf"; return 1; }
  as_root mv "$conf.penstock" "$conf"
}

install_missing() {
  local missing
  command -v dpkg-query >/dev/null || die "only Debian's packages are known here; install by hand: $(packages_wanted | xargs)"
  mapfile -t missing < <(packages_missing)
  if ((${#missing[@]} == 0)); then
    note "everything is installed"
    return
  fi
  note "installing ${missing[*]}"
  as_root apt-get -o DPkg::Lock::Timeout=300 update --quiet
  if [[ " ${missing[*]} " == *" postgresql-15 "* ]]; then install_postgresql; fi
  apt_install "${missing[@]}"
}
