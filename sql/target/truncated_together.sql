-- truncated_together: whether other tables of the pipeline refer to these.   $1 text[] tables, $2 text[] all of the pipeline's
-- Reads pg_constraint.
select exists (select from pg_constraint as f
                where f.contype = 'f' and f.confrelid = any ($1::regclass[]::oid[])
                  and f.conrelid = any ($2::regclass[]::oid[]) and f.conrelid <> all ($1::regclass[]::oid[]))
