-- target_columns: a target table's columns, as far as the applier's statements depend on them.   $1 text the table
-- Returns a row a column: name; its name as a member of an image (a JSON string); whether every row must bring it a value (NOT NULL
--   with nothing that fills it); whether deleting rows of the table takes rows of other tables along; what the column is, as text to
--   compare; what makes TRUNCATE leave alone the tables that inherit from it. No row where the table is not there.
-- Reads pg_attribute, pg_type, pg_constraint.
select a.attname, to_json(a.attname::text)::text,
       (a.attnotnull or t.typnotnull) and not a.atthasdef and a.attidentity = '' and t.typdefault is null,
       exists (select from pg_constraint as c where c.confrelid = a.attrelid and c.contype = 'f' and c.confdeltype in ('c', 'n', 'd')),
       concat_ws(' ', a.attrelid, a.attnum, a.attname, a.atttypid, a.atttypmod, a.attnotnull, a.atthasdef, a.attgenerated, a.attidentity),
       case r.relkind when 'p' then '' else 'only ' end
  from pg_attribute as a
  join pg_class as r on r.oid = a.attrelid
  join pg_type as t on t.oid = a.atttypid
 where a.attrelid = to_regclass($1) and a.attnum > 0 and not a.attisdropped
 order by a.attnum
