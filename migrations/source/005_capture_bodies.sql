-- 005_capture_bodies: the bodies of the generated trigger functions, one for each kind of event.
-- Functions: penstock.create_capture_functions(fields, partitioned, by_rows). See 004 for how a statement is journaled.
-- Tables touched: none but the catalog. Grants: EXECUTE revoked from PUBLIC.

-- INSERT and UPDATE. One row, by the first statement of its transaction, is what most transactions write: it takes the short way,
-- with as few expressions as can be and no setting but those its image needs. STRICT tells one row from many without counting.
-- After a rename of the table or of a key column the rows are journaled by what the catalog says now, the key under its names when
-- installed. A row above 1 MB may not fit into JSON (1 GB, and escaping multiplies), so such rows go one by one through
-- journal_keys. A row put together from several huge stored values cannot even be formed: then the measuring fails, in a
-- block that wrote nothing and therefore costs no transaction id.
create function penstock.image_body() returns text
language sql immutable
as $outer$ select $$
declare
    penstock_bytes  bigint;
    penstock_piece  bigint;
    penstock_leaf   int;
    penstock_image  text;
    penstock_nested boolean;
    penstock_keys   text[];
begin
    if {odd} then
        if not {detached} then
            execute penstock.touched_keys({pipeline_text}, {root}, {transitions}) into penstock_keys;
            if penstock_keys is not null and {noted} then
                perform penstock.journal_keys({pipeline_text}, {root}, tg_relid, pg_sequence_last_value({ring})::int, penstock_keys);
            end if;
        end if;
        return null;
    end if;
    begin
        select case when pg_column_size(penstock_x.*) <= 1048576 then {row_image}::text end into strict penstock_image
          from penstock_new penstock_x;
    exception
        when no_data_found then
            return null;
        when too_many_rows or program_limit_exceeded or internal_error or out_of_memory then
            null;
    end;
    penstock_leaf := case when penstock_image is not null and {single} and not ({nested}) and {noted}
                          then pg_sequence_last_value({ring}) end;
    {one}
    else
        if {renamed} then
            execute penstock.touched_keys({pipeline_text}, {root}, {transitions}) into penstock_keys;
        else
            penstock_bytes := {bytes_max};
            if penstock_bytes is null then
                begin
                    select max(pg_column_size(penstock_x.*)) into penstock_bytes from penstock_new penstock_x;
                exception when program_limit_exceeded or internal_error or out_of_memory then
                    null;
                end;
            end if;
            penstock_piece := greatest(1, least(256, 1048576 / greatest(penstock_bytes, 1)));
            penstock_nested := {nested};
            {moved}
        end if;
        penstock_leaf := case when {noted} then pg_sequence_last_value({ring}) end;
        if penstock_nested is null then
            null;
        elsif penstock_nested and {ready} then
            if penstock_bytes <= 1048576 then
                {reread}
            else
                execute penstock.touched_keys({pipeline_text}, {root}, {transitions}) into penstock_keys;
            end if;
        else
            if penstock_bytes is not null then
                {bulk}
            end if;
            if penstock_bytes is null or penstock_bytes > 1048576 then
                execute penstock.touched_keys({pipeline_text}, {root}, array[case when penstock_bytes is null
                    then 'penstock_new'
                    else '(select * from penstock_new penstock_y where pg_column_size(penstock_y.*) > 1048576)' end])
                   into penstock_keys;
            end if;
        end if;
        if penstock_keys is not null then
            perform penstock.journal_keys({pipeline_text}, {root}, tg_relid, penstock_leaf, penstock_keys);
        end if;
    end if;
    return null;
end $$ $outer$;

-- DELETE: keys only; the short way as above. TRUNCATE of one partition: the keys it is about to lose, while they can still
-- be read.
create function penstock.delete_body() returns text
language sql immutable
as $outer$ select $$
declare
    penstock_piece bigint := 256;
    penstock_leaf  int;
    penstock_image text;
    penstock_keys  text[];
begin
    if {detached} or {renamed} then
        if not {detached} then
            execute penstock.touched_keys({pipeline_text}, {root}, array['penstock_old']) into penstock_keys;
            if penstock_keys is not null and {noted} then
                perform penstock.journal_keys({pipeline_text}, {root}, tg_relid, pg_sequence_last_value({ring})::int, penstock_keys);
            end if;
        end if;
        return null;
    end if;
    begin
        select {key_text} into strict penstock_image from {images};
    exception
        when no_data_found then
            return null;
        when too_many_rows then
            null;
    end;
    penstock_leaf := case when penstock_image is not null and not ({nested}) and {noted} then pg_sequence_last_value({ring}) end;
    {one}
    else
        penstock_leaf := pg_sequence_last_value({ring});
        if ({nested}) and {ready} then
            if {altered} then
                execute penstock.touched_keys({pipeline_text}, {root}, {transitions}) into penstock_keys;
                perform penstock.journal_keys({pipeline_text}, {root}, tg_relid, penstock_leaf, penstock_keys);
            else
                {reread}
            end if;
        elsif {noted} then
            {bulk}
        end if;
    end if;
    return null;
end $$ $outer$;

-- An update that moves a key, as a row trigger whose WHEN costs the other updates next to nothing: the old key is
-- journaled as deleted, or as it stands now when it may have been taken by another row already. It notes the
-- setting, so the statement trigger that follows re-reads the new keys.
create function penstock.move_body() returns text
language sql immutable
as $outer$ select $$
declare
    penstock_piece  bigint := 64;
    penstock_leaf   int;
    penstock_image  text;
    penstock_nested boolean;
    penstock_keys   text[];
begin
    if {detached} then
        return null;
    end if;
    penstock_nested := {nested};
    penstock_leaf := case when {noted} then pg_sequence_last_value({ring}) end;
    if {renamed} or (penstock_nested and {ready} and {altered}) then
        execute penstock.touched_keys({pipeline_text}, {root}, array['(select ($1).*)']) into penstock_keys using old;
        perform penstock.journal_keys({pipeline_text}, {root}, tg_relid, penstock_leaf, penstock_keys);
    elsif penstock_nested and {ready} then
        {reread}
    else
        select {key_text} into penstock_image from (select {old_keys}) penstock_k;
        {one}
        end if;
    end if;
    return null;
end $$ $outer$;

-- TRUNCATE of the root is one change, journaled BEFORE it happens: a user's AFTER TRUNCATE trigger that fills the
-- table again is then journaled behind it. The partitions' own triggers fire between the root's two and stay
-- silent. A leaf named alone is journaled as deletes of its keys.
create function penstock.truncate_body() returns text
language sql immutable
as $outer$ select $$
declare
    penstock_piece bigint := 64;
    penstock_leaf  int;
    penstock_image text;
begin
    if {detached} then
        return null;
    end if;
    if tg_when = 'AFTER' then
        perform set_config({setting} || '_truncate', '', true);
        return null;
    end if;
    penstock_leaf := pg_sequence_last_value({ring});
    if tg_relid = {root}::oid then
        perform set_config({setting} || '_truncate', pg_current_xact_id()::text, true);
        perform {noted};
        {one}
        end if;
    elsif coalesce(current_setting({setting} || '_truncate', true) <> pg_current_xact_id()::text, true) then
        perform {noted};
        perform penstock.journal_leaf({pipeline_text}, {root}, tg_relid, penstock_leaf);
    end if;
    return null;
end $$ $outer$;

-- create_capture_functions: the functions of one table. A partitioned table has no row trigger for moved keys: a
-- move to another partition fires none for UPDATE. It compares the two transition tables instead, which hold the
-- images of a row at the same place; one that differs in its key, or lacks its partner, makes all keys re-read.
-- by_rows: a row trigger takes the place of the statement triggers (013).
create function penstock.create_capture_functions(fields jsonb, partitioned boolean, by_rows boolean) returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $outer$
declare
    new_keys text := penstock.fill('select {keys} from penstock_new penstock_x', fields);
    old_keys text := penstock.fill('select {keys} from penstock_old penstock_x', fields);
    of_new   jsonb := jsonb_build_object(
        'moved', '', 'single', coalesce(fields ->> 'named', 'true'), 'transitions', $$'{penstock_new}'$$,
        'odd', format('(%s or %s%s)', fields ->> 'detached', case when fields ->> 'named' is null then (fields ->> 'renamed') || ' or ' end,
                      fields ->> 'altered'), 'touched', new_keys, 'column', 'new_rows',
        'image', (fields ->> 'row_image') || '::text', 'images',
        'penstock_new penstock_x where penstock_bytes <= 1048576 or pg_column_size(penstock_x.*) <= 1048576');
    pairs    text := $$exists (
            select from (select {keys}, row_number() over () as penstock_i from penstock_old penstock_x) penstock_o
              full join (select {keys}, row_number() over () as penstock_i from penstock_new penstock_x) penstock_n
                using (penstock_i)
             where ({same}) is not true)$$;
    of_moved jsonb := of_new || jsonb_build_object(
        'moved', penstock.fill('penstock_nested := penstock_nested or ' || pairs || ';', fields),
        'single', 'not ' || penstock.fill(pairs, fields), 'transitions', $$'{penstock_old,penstock_new}'$$,
        'touched', old_keys || ' union ' || new_keys);
    of_old   jsonb := jsonb_build_object(
        'transitions', $$'{penstock_old}'$$, 'touched', old_keys, 'column', 'old_rows',
        'image', fields ->> 'key_text', 'action', $$'delete'$$,
        'images', '(' || old_keys || ') penstock_k');
begin
    perform penstock.create_capture_function('_truncate', penstock.truncate_body(),
        fields || of_old || jsonb_build_object('action', $$'truncate'$$));
    if by_rows then
        perform penstock.create_capture_function('_row', penstock.row_body(), fields || of_old || jsonb_build_object('touched',
            penstock.fill($$select {old_keys} where tg_op <> 'INSERT' union select {new_keys} where tg_op <> 'DELETE'$$, fields)));
        return;
    end if;
    fields := fields || jsonb_build_object('partitioned', partitioned);
    perform penstock.create_capture_function('_insert', penstock.image_body(), fields || of_new
        || jsonb_build_object('action', $$'insert'$$, 'settings', fields -> 'image_settings'));
    perform penstock.create_capture_function('_update', penstock.image_body(),
        fields || case when partitioned then of_moved else of_new end
        || jsonb_build_object('action', $$'update'$$, 'settings', fields -> 'image_settings'));
    perform penstock.create_capture_function('_delete', penstock.delete_body(), fields || of_old
        || jsonb_build_object('settings', fields -> 'key_settings', 'numbered', fields ->> 'number_begins' is not null));
    if not partitioned then
        perform penstock.create_capture_function('_move', penstock.move_body(),
            fields || of_old || jsonb_build_object('touched', 'select ' || (fields ->> 'old_keys')));
    end if;
end
$outer$;

revoke execute on all functions in schema penstock from public;
