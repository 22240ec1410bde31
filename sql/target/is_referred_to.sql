-- is_referred_to: whether foreign keys of other tables keep a table from being truncated.   $1 text the table
-- Reads pg_constraint.
select exists (select from pg_constraint where contype = 'f' and confrelid = to_regclass($1) and conrelid <> confrelid)
