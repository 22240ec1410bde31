-- capture_table: installs what is missing of a table's triggers and functions.
--   $1 text pipeline, $2 text relation (quoted, with its schema), $3 text[] declared key or NULL, $4 bool the key's index is migrate's
-- Takes a lock that writers queue behind: under a lock_timeout. Writes penstock.captured.
select penstock.capture_table($1, $2::text::regclass, $3::text[], $4)
