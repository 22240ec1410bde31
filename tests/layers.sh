#!/usr/bin/env bash
# Checks the layering of src/README.md: a folder includes only folders to its left, and the C libraries stay in their rooms.
# usage: layers.sh SRC
set -euo pipefail
src=$1
failed=0

# folder -> what it may include besides itself and the generated sql/
declare -A may=(
  [base]=""
  [config]="base"
  [model]="base"
  [pg]="base config model"
  [kafka]="base config model"
  [capture]="base config model pg kafka"
  [publish]="base config model pg kafka"
  [apply]="base config model pg kafka"
  [ops]="base config model pg kafka"
  [pipeline]="base config model pg kafka capture publish apply ops"
  [http]="base config model pg kafka capture publish apply ops"
  [cli]="base config model pg kafka capture publish apply ops pipeline http"
)

complain() { echo "$*" >&2; failed=1; }

checked=0
for folder in "$src"/*/; do
  folder=$(basename "$folder")
  [[ -v "may[$folder]" ]] || { complain "src/$folder is not in the layers of tests/layers.sh"; continue; }
  while IFS=: read -r file included; do
    checked=$((checked + 1))
    target=${included%%/*}
    [[ $target == "$folder" || $target == sql ]] && continue
    [[ " ${may[$folder]} " == *" $target "* ]] || complain "$file includes $included, which stands to its right"
  done < <(grep -rEo '#include "[a-z_]+/[^"]+"' "$src/$folder" | sed -E 's/#include "([^"]+)"/\1/')
done

while read -r file; do complain "$file: libpq-fe.h belongs into src/pg"; done \
  < <(grep -rlE '#include [<"](postgresql/)?libpq-fe\.h' "$src" | grep -v "^$src/pg/" || :)
while read -r file; do complain "$file: rdkafka.h belongs into src/kafka"; done \
  < <(grep -rlE '#include [<"](librdkafka/)?rdkafka' "$src" | grep -v "^$src/kafka/" || :)

((checked > 20)) || complain "only $checked includes found: is $src the right folder?"
exit $failed
