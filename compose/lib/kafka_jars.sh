# The jars of Apache Kafka: Maven fetches them into a cache that tests and demo share. The directory is named after the
# pom, so a second run touches no network and a changed pom fetches anew.
# shellcheck shell=bash

# kafka_jars: prints the directory of the jars.
kafka_jars() { maven_jars kafka "$repo/compose/kafka/pom.xml"; }

# maven_jars NAME POM: prints the directory of the jars that the pom names.
maven_jars() {
  local name=$1 pom=$2 target fresh sum
  sum=$(sha256sum <"$pom")
  target=$cache_dir/$name-${sum:0:12}
  if [[ ! -d $target ]]; then
    mkdir -p -- "$cache_dir"
    # Beside its final place, so that the move is one rename.
    fresh=$(mktemp -d -- "$target.XXXXXX")
    mvn --batch-mode --quiet -Dstyle.color=never -f "$pom" org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy-dependencies \
      -DincludeScope=runtime -DoutputDirectory="$fresh" >&2 || { rm -rf -- "$fresh"; die "cannot fetch the jars of $pom"; }
    chmod 755 "$fresh"
    # Somebody else may have been first: then theirs is as good.
    mv -T -- "$fresh" "$target" 2>/dev/null || rm -rf -- "$fresh"
  fi
  printf '%s\n' "$target"
}
