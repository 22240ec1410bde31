-- 011_multisets: tables without a key.
-- Functions: penstock.journal_image, penstock.multiset_body, penstock.multiset_row_body, penstock.create_multiset_functions,
--   penstock.journal_leaf_rows, penstock.store_multiset.
-- Tables touched: the journal (insert), penstock.slice, the captured tables (select).
-- Grants: EXECUTE revoked from PUBLIC.
--
-- A table without a key is a multiset: equal rows cannot be told apart, so each change says which row came and which
-- went, whole, and B counts. Every statement is journaled from its transition tables, nested ones too: each version of a
-- row that a statement made or ended stands in exactly one of them, and the sum does not depend on their order. Nothing is
-- read again. A transaction can end only rows that are committed or its own, so no batch ends a row that B has not got.

-- journal_image: journals one row alone that came ('insert') or went ('delete'), written as the table's columns are now;
-- as 'oversize' where it cannot be written as JSON. For rows above a megabyte and after alterations only.
create function penstock.journal_image(of_pipeline text, of_root oid, leaf int, act text, value anyelement) returns void
language plpgsql
set search_path = pg_catalog, pg_temp set array_nulls = on
as $$
declare
    journal text := format('penstock.%I', of_pipeline || '_cdc_' || leaf);
    entry   penstock.captured;
begin
    select * into entry from penstock.captured as c where c.pipeline = of_pipeline and c.root = of_root;
    execute format('insert into %s (relation, action, n, %s) select %L, %L, 1, %s::text from (select ($1).*) penstock_x',
                   journal, case act when 'insert' then 'new_rows' else 'old_rows' end, entry.relation, act,
                   penstock.image_as_installed(entry, 'penstock_x')) using value;
exception when program_limit_exceeded or internal_error or out_of_memory then
    execute format('insert into %s (relation, action, n, old_rows) values ($1, ''oversize'', 1, ''{}'')', journal)
      using entry.relation;
end
$$;
select penstock.pin_settings('penstock.journal_image(text, oid, int, text, anyelement)');

-- multiset_body: the body of a trigger function. Rows of up to 1 MB in pieces; larger ones one by one, since JSON ends at
-- 1 GB and escaping multiplies. A row that cannot even be formed (several huge stored values) fails the measuring, in a
-- block that wrote nothing and therefore costs no transaction id.
create function penstock.multiset_body() returns text
language sql immutable
as $outer$ select $$
declare
    penstock_rows  bigint;
    penstock_bytes bigint;
    penstock_piece bigint;
    penstock_leaf  int;
    penstock_row   record;
begin
    if {detached} then
        return null;
    end if;
    begin
        select count(*), max(penstock_s.size) into penstock_rows, penstock_bytes from ({sizes}) penstock_s;
    exception when program_limit_exceeded or internal_error or out_of_memory then
        penstock_rows := null;
    end;
    if penstock_rows = 0 then
        return null;
    end if;
    penstock_leaf := pg_sequence_last_value({ring});
    perform {noted};
    if penstock_rows is null then
        {unformed}
    elsif {altered} or penstock_bytes > 1048576 then
        {one_by_one}
    else
        penstock_piece := greatest(1, least(64, 1048576 / greatest(penstock_bytes, 1)));
        {pieces}
    end if;
    return null;
end $$ $outer$;

-- multiset_row_body: the same by a row trigger (013).
create function penstock.multiset_row_body() returns text
language sql immutable
as $outer$ select $$
declare
    penstock_bytes bigint;
    penstock_leaf  int;
begin
    if {detached} then
        return null;
    end if;
    penstock_leaf := pg_sequence_last_value({ring});
    if not ({nested}) then
        perform {noted};
    end if;
    begin
        penstock_bytes := greatest(pg_column_size(old.*), pg_column_size(new.*));
    exception when program_limit_exceeded or internal_error or out_of_memory then
        penstock_bytes := null;
    end;
    if penstock_bytes <= 1048576 and not {altered} then
        {row}
        return null;
    end if;
    if tg_op <> 'INSERT' then
        perform penstock.journal_image({pipeline_text}, {root}, penstock_leaf, 'delete', old);
    end if;
    if tg_op <> 'DELETE' then
        perform penstock.journal_image({pipeline_text}, {root}, penstock_leaf, 'insert', new);
    end if;
    return null;
end $$ $outer$;

-- create_multiset_functions: the functions of one table; by_rows: a row trigger takes the place of the statement triggers.
-- An UPDATE's transition tables hold the images of a row at the same place.
create function penstock.create_multiset_functions(fields jsonb, by_rows boolean) returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $outer$
declare
    sizes      text := 'select pg_column_size(penstock_x.*) as size from %s penstock_x';
    images     text := '(select %s::text as image, row_number() over () - 1 as i from %s penstock_x)';
    -- A row of a transition table is an anonymous record; only as one of the table's own type can it be passed on.
    one_by_one text := $$for penstock_row in
            execute format('select row(penstock_x.*)::%%s as value from %s penstock_x', tg_relid::regclass) loop
            perform penstock.journal_image({pipeline_text}, {root}, penstock_leaf, %L, penstock_row.value);
        end loop;$$;
    unformed   text := 'insert into {leaf} (relation, action, n, old_rows) select {relation}, ''oversize'', 1, {no_key} from %s';
    -- No order: the counts are what matters. It is kept all the same, for whoever reads along in Kafka.
    pieces     text := $$
        insert into {leaf} (relation, action, n, {column})
        select {relation}, {action}, count(*), string_agg(penstock_p.image, chr(30) order by penstock_p.i)
          from {images} penstock_p
         group by penstock_p.i / penstock_piece order by penstock_p.i / penstock_piece$$;
    pairs      text := $$
        insert into {leaf} (relation, action, n, old_rows, new_rows)
        select {relation}, 'update', count(*), string_agg(penstock_o.image, chr(30) order by penstock_o.i),
               string_agg(penstock_n.image, chr(30) order by penstock_o.i)
          from {old_images} penstock_o join {images} penstock_n using (i)
         group by i / penstock_piece order by i / penstock_piece$$;
    one_row    text := $$
        insert into {leaf} (relation, action, n, old_rows, new_rows)
        values ({relation}, lower(tg_op), 1,
                case when tg_op <> 'INSERT' then {old_row} end, case when tg_op <> 'DELETE' then {new_row} end)$$;
    -- Where no column is named, the record as a whole: a session keeps the list that `old.*` was once expanded to, and would go
    -- on writing columns that were dropped or renamed.
    row_text   text := case when fields ->> 'row_image' = 'row_to_json(penstock_x.*)' then 'row_to_json(%1$s)::text'
                            else '(select ' || replace(fields ->> 'row_image', '%', '%%') || '::text from (select %1$s.*) penstock_x)' end;
begin
    fields := fields || jsonb_build_object('old_row', format(row_text, 'old'), 'new_row', format(row_text, 'new'));
    perform penstock.create_capture_function('_truncate', penstock.truncate_body(), fields || jsonb_build_object(
        'action', quote_literal('truncate'), 'column', 'old_rows'));
    if by_rows then
        perform penstock.create_capture_function('_row', penstock.multiset_row_body(),
            fields || jsonb_build_object('row', penstock.insert_sql(one_row, fields)));
        return;
    end if;
    -- A session keeps the plan of its first statement, and after one row a nested loop would do for a million.
    fields := fields || jsonb_build_object('no_key', quote_literal('{}'),
                                           'settings', (fields ->> 'image_settings') || ' set enable_nestloop = off');
    perform penstock.create_capture_function('_' || e.name, penstock.multiset_body(), fields || jsonb_build_object(
                'sizes', (select string_agg(format(sizes, t), ' union all ') from unnest(array[e.gone, e.come]) as t where t is not null),
                'unformed', (select string_agg(penstock.insert_sql(format(unformed, t), fields), E'\n')
                               from unnest(array[e.gone, e.come]) as t where t is not null),
                'one_by_one', penstock.fill(concat(case when e.gone is not null then format(one_by_one, e.gone, 'delete') end,
                                                   case when e.come is not null then format(one_by_one, e.come, 'insert') end),
                                            fields),
                'pieces', penstock.insert_sql(e.statement, fields || jsonb_build_object(
                    'column', e.destination, 'action', quote_literal(e.name),
                    'images', format(images, fields ->> 'row_image', coalesce(e.come, e.gone)),
                    'old_images', format(images, fields ->> 'row_image', e.gone)))))
       from (values ('insert', null, 'penstock_new', pieces, 'new_rows'),
                    ('delete', 'penstock_old', null, pieces, 'old_rows'),
                    ('update', 'penstock_old', 'penstock_new', pairs, ''))
         as e (name, gone, come, statement, destination);
end
$outer$;

-- journal_leaf_rows: journals every row of one partition as gone; it is about to be truncated on its own.
create function penstock.journal_leaf_rows(entry penstock.captured, partition oid, leaf int) returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    columns text := (select string_agg(format('penstock_y.%I', present), ', ' order by attnum)
                       from penstock.installed_columns(entry));
    big     record;
begin
    execute format('insert into penstock.%I (relation, action, n, old_rows)
                    select %L, ''delete'', count(*), string_agg(penstock_p.image, chr(30))
                      from (select %s::text as image, row_number() over () as i
                              from (select %s from %s penstock_y) penstock_x
                             where pg_column_size(penstock_x.*) <= 1048576) penstock_p
                     group by penstock_p.i / 64',
                   entry.pipeline || '_cdc_' || leaf, entry.relation, penstock.image_as_installed(entry, 'penstock_x'), columns,
                   partition::regclass);
    for big in execute format('select penstock_y as value from %s penstock_y where pg_column_size(penstock_y.*) > 1048576',
                              partition::regclass) loop
        perform penstock.journal_image(entry.pipeline, entry.root, leaf, 'delete', big.value);
    end loop;
end
$$;

-- store_multiset: stores the whole table, behind a TRUNCATE, beside the batch that the same REPEATABLE READ transaction has
-- just opened. All at once, since no order of rows could say what a change has moved from the part that is copied to the
-- part that is not; the TRUNCATE because what this batch and earlier ones changed is in the rows already. Returns the number
-- of changes.
create function penstock.store_multiset(entry penstock.captured, slot penstock.slot) returns bigint
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    rows bigint;
begin
    insert into penstock.slice (pipeline, epoch, batch, piece, relation, action, n, rows)
    values (slot.pipeline, slot.epoch, slot.batch, 0, entry.relation, 'truncate', 1, '');
    execute format('with numbered as (
                        select image, row_number() over () as i, sum(octet_length(image)) over (rows unbounded preceding) as bytes
                          from (select %s::text as image from %s as t) as s),
                    stored as (
                        insert into penstock.slice (pipeline, epoch, batch, piece, relation, action, n, rows)
                        select $1, $2, $3, min(i), $4, ''read'', count(*), string_agg(image, chr(30) order by i)
                          from numbered group by i / 256, bytes >> 20
                        returning n)
                    select coalesce(sum(n), 0) from stored',
                   penstock.image_as_installed(entry, 't'), penstock.as_installed(entry))
       into rows
      using slot.pipeline, slot.epoch, slot.batch, entry.relation;
    return rows + 1;
end
$$;

revoke execute on all functions in schema penstock from public;
