-- mixed_triggers: a foreign key between two targets of which one is applied with triggers = "off".
--   $1 text[] those tables (quoted, with their schema), $2 text[] the pipeline's other targets
-- Returns: a table, the one it refers to. Neither can be truncated without the other. Reads pg_constraint.
select f.conrelid::regclass::text, f.confrelid::regclass::text
  from pg_constraint as f
 where f.contype = 'f'
   and (f.conrelid = any ($1::text[]::regclass[]) and f.confrelid = any ($2::text[]::regclass[])
        or f.conrelid = any ($2::text[]::regclass[]) and f.confrelid = any ($1::text[]::regclass[]))
 order by 1, 2
 limit 1
