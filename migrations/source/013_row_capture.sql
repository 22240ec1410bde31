-- 013_row_capture: capture by row triggers, for tables whose statement triggers do not see every change.
-- Functions: penstock.row_body, penstock.install_triggers. Tables touched: penstock.captured, the catalog; triggers on the
--   captured tables. Grants: EXECUTE revoked from PUBLIC.
--
-- A statement on a table of an inheritance tree changes rows of its children and fires the statement triggers of the
-- table it names alone; the worker of a subscription fires none at all. Row triggers fire wherever the row is. Each table of a
-- tree is a table of its own here: its own rows (ONLY), its own key, its own copy.
--
-- Why it is exact. The function journals the keys of the old and the new row as they stand NOW in the table, or their absence.
-- An AFTER ROW event fires after its change, and whatever changes the row later, inside this statement or behind it,
-- queues an event of its own. So the event of a key that fires last comes after the key's last change, sees it, and its
-- journal row is the last.

create function penstock.row_body() returns text
language sql immutable
as $outer$ select $$
declare
    penstock_piece bigint := 64;
    penstock_bytes bigint;
    penstock_leaf  int;
    penstock_keys  text[];
begin
    if {detached} then
        return null;
    end if;
    penstock_leaf := pg_sequence_last_value({ring});
    if not ({nested}) then
        perform {noted};
    end if;
    if not ({renamed} or {altered}) and {ready} then
        begin
            penstock_bytes := coalesce(pg_column_size(new.*), 0);
        exception when program_limit_exceeded or internal_error or out_of_memory then
            penstock_bytes := null;
        end;
        if penstock_bytes <= 1048576 then
            {reread}
            return null;
        end if;
    end if;
    execute penstock.touched_keys({pipeline_text}, {root}, case tg_op
        when 'INSERT' then array['(select ($2).*)'] when 'DELETE' then array['(select ($1).*)']
        else array['(select ($1).*)', '(select ($2).*)'] end) into penstock_keys using old, new;
    perform penstock.journal_keys({pipeline_text}, {root}, tg_relid, penstock_leaf, penstock_keys);
    return null;
end $$ $outer$;

-- install_triggers: the functions of a captured table and the triggers of it and of its partitions at every level (DML fires
-- only the triggers of the table it names). Triggers of the other kind go, with their functions: only a table's
-- owner could drop them themselves. Everything under one lock of the table, so every transaction is captured by one kind.
create function penstock.install_triggers(of_pipeline text, of_root oid) returns void
language plpgsql
set search_path = pg_catalog, pg_temp
set client_min_messages = warning
as $$
declare
    entry  penstock.captured;
    suffix text;
    target oid;
begin
    select * into strict entry from penstock.captured as c where c.pipeline = of_pipeline and c.root = of_root;
    foreach suffix in array case when entry.by_rows then array['_insert', '_update', '_delete', '_move'] else array['_row'] end loop
        execute format('drop function if exists penstock.%I() cascade', of_pipeline || '_' || of_root || suffix);
    end loop;
    perform penstock.generate_functions(entry);
    for target in select of_root union select t.relid from pg_partition_tree(of_root) as t loop
        perform penstock.create_triggers(of_pipeline, of_root, target, entry.key_operators, entry.key_columns);
    end loop;
end
$$;

revoke execute on all functions in schema penstock from public;
