# What compose/demo shows at the end, and whether it was right.
# shellcheck shell=bash

# report_books: captured, applied, rejected for each table, and the rejects by rule.
report_books() {
  status_json >"$demo_dir/status.json"
  jq -r '["table", "captured", "applied", "rejected", "in flight", "unaccounted"],
         (.tables[] | [.table, .captured, .applied, .rejected, .in_flight, .unaccounted]) | @tsv' "$demo_dir/status.json" |
    as_columns
  printf '\n'
  {
    printf 'rejected by\tstate\tchanges\n'
    quiet_psql "$ledger_uri" -F $'\t' -c \
      "select coalesce(rule, sqlstate, stage), state, count(*) from penstock.dead_letter group by 1, 2 order by 1, 2"
  } | as_columns
  printf '\n'
  note "the last of them (penstock dlq list):"
  # For people to look at: the counts above are what the demo stands by.
  penstock dlq list >"$demo_dir/dlq.txt" || note "penstock dlq list ended with exit code $?"
  tail -n 8 -- "$demo_dir/dlq.txt" | sed 's/^/   /'
}

# Tab-separated lines as a table; the first column is as wide as its widest cell.
as_columns() {
  awk -F '\t' '
    { lines[NR] = $0; if (length($1) > width) width = length($1) }
    END {
      for (n = 1; n <= NR; ++n) {
        count = split(lines[n], cell, FS)
        printf "   %-" width "s", cell[1]
        for (i = 2; i <= count; ++i) printf "  %12s", cell[i]
        printf "\n"
      }
    }'
}

# report_proof: verify, and the books; false unless A equals B but for the rejects and every change is accounted for.
report_proof() {
  local code=0 unaccounted in_flight
  penstock verify --json >"$demo_dir/verify.json" || code=$?
  jq -r '["table", "rows", "differing", "by rejects"],
         (.tables[] | [.table, .rows, .differing, .explained_by_rejects]) | @tsv' "$demo_dir/verify.json" | as_columns
  unaccounted=$(jq '[.tables[].unaccounted] | add' "$demo_dir/status.json")
  in_flight=$(jq '[.tables[].in_flight] | add' "$demo_dir/status.json")
  printf '\n'
  if ((code == 0)) && jq -e .equal "$demo_dir/verify.json" >/dev/null && ((unaccounted == 0 && in_flight == 0)); then
    note "PROVEN: A equals B but for the open rejects; nothing in flight, nothing unaccounted for"
    return
  fi
  note "NOT PROVEN: verify exited $code, in flight $in_flight, unaccounted $unaccounted"
  return 1
}
