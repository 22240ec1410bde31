-- 004_capture_functions: generates the trigger functions of one captured table from templates.
-- Functions: penstock.columns_print, penstock.images_altered, penstock.altered_sql, penstock.rewritten_sql, penstock.capture_fields,
--   penstock.create_capture_function (005 holds the bodies).
-- Tables touched: none but the catalog. What it creates reads the captured table and inserts into the journal.
-- Grants: EXECUTE revoked from PUBLIC, on every generated function too.
--
-- How a statement is journaled. The first statement of a transaction on a root is journaled from its transition
-- tables, and notes that in a transaction-local setting. Every later one journals the keys it
-- touched as they stand now in the table, or their absence: whatever ran inside the first statement, before it or
-- after it (a user's trigger, a function in RETURNING, a data-modifying WITH, a cascade), the last journal row of
-- a key shows its last state. ROLLBACK TO SAVEPOINT takes back the setting together with the journal rows it
-- stands for. A statement that touched nothing must not set it: ON CONFLICT and MERGE fire triggers for nothing.
-- A SET of the same name in a session makes all its statements read again: exact all the same.
-- Names: inside a query whose FROM shows the user's columns nothing is named without its alias, and everything of
-- ours starts with penstock_, so that no column a user adds can capture a reference.

-- columns_print: the numbers, types and names of a table's columns as they are.
create function penstock.columns_print(root oid) returns text
language sql stable
set search_path = pg_catalog, pg_temp
as $$
    select string_agg(concat_ws(' ', attnum, type, name), ',' order by attnum) from penstock.present_columns(root)
$$;

-- images_altered: whether the images that this root's functions write are not exact any more since the columns are not
-- those of `print`. Plain ones name no column: for them only a type that is not plain, or needs other settings, makes a
-- difference.
create function penstock.images_altered(root oid, print text, plain boolean, settings text) returns boolean
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
begin
    return penstock.columns_print(root) <> print
           and not (plain and penstock.image_sql(root, 'x') = 'row_to_json(x.*)' and penstock.image_settings(root) = settings);
end
$$;

-- altered_sql: SQL text that is true after such an alteration; a statement is then journaled by what is built anew. Where
-- all columns are plain, look-ups of the catalog's cache tell that nothing can have happened: a number behind the last one
-- has no privileges, and a change of type writes the table's file anew (a partitioned table has none). TRUNCATE does that
-- as well; it costs the statements behind it one query each.
create function penstock.altered_sql(root oid) returns text
language sql stable
set search_path = pg_catalog, pg_temp
as $$
    select format('(%spenstock.images_altered(%s, %L, %L, %L))',
                  case when t.plain and t.file is not null
                       then format('(%s or pg_relation_filenode(%s) <> %s) and ', look_ups, root, t.file) end,
                  root, penstock.columns_print(root), t.plain, penstock.image_settings(root))
      from (select penstock.image_sql(root, 'x') = 'row_to_json(x.*)' as plain, pg_relation_filenode(root) as file) as t
     cross join (select string_agg(format('has_column_privilege(%s::oid, %s::int2, ''select'') is not null', root, last + i),
                                   ' or ' order by i) as look_ups
                   from (select max(attnum) as last from pg_attribute where attrelid = root) as a,
                        generate_series(1, 4) as i) as c
$$;

-- rewritten_sql: the same after a change of type that writes the table's file anew.
create function penstock.rewritten_sql(root oid) returns text
language sql stable
set search_path = pg_catalog, pg_temp
as $$
    select format('(pg_relation_filenode(%1$s) <> %2$s and penstock.images_altered(%1$s, %3$L, false, ''''))',
                  root, pg_relation_filenode(root), penstock.columns_print(root))
$$;

-- capture_fields: what the templates below need to know about a table.
create function penstock.capture_fields(pipeline text, root regclass, relation text, key_columns text[],
                                        operators text[]) returns jsonb
language sql stable
set search_path = pg_catalog, pg_temp
as $$
    select jsonb_build_object(
        'pipeline', pipeline, 'pipeline_text', quote_literal(pipeline), 'root', root::oid::text,
        'relation', quote_literal(relation), 'setting', quote_literal('penstock.' || pipeline || '_' || root::oid),
        'function', format('penstock.%I', pipeline || '_' || root::oid),
        'table', (select case relkind when 'p' then '' else 'only ' end from pg_class where oid = root) || root::text,
        -- By name: in a database restored from a dump all oids are others.
        'ring', quote_literal(format('penstock.%I', pipeline || '_cdc_ring_seq')) || '::regclass',
        'sleep', penstock.lock_key(pipeline, 'sleep')::text,
        'channel', quote_literal('penstock_' || pipeline),
        'settings', penstock.capture_settings(),
        'image_settings', penstock.image_settings(root, not bool_and(begins)),
        'key_settings', penstock.image_settings(root, true),
        'keys', string_agg(format('penstock_x.%I as %I', name, name), ', ' order by nth),
        'new_keys', string_agg(format('new.%I as %I', name, name), ', ' order by nth),
        'old_keys', string_agg(format('old.%I as %I', name, name), ', ' order by nth),
        'match', string_agg(format('penstock_t.%I %s penstock_k.%I', name, operator, name), ' and ' order by nth),
        'row_image', penstock.image_sql(root, 'penstock_x'), 'table_image', penstock.image_sql(root, 'penstock_t'),
        'not_stale', penstock.not_stale_sql('penstock_t'),
        -- Three times as fast as row_to_json, and what makes a bulk DELETE.
        'key_text', case when bool_and(integral)
            then format('concat(%s, ''}'')', string_agg(format('%L, penstock_k.%I',
                        case nth when 1 then '{' else ',' end || to_json(name) || ':', name), ', ' order by nth))
            else penstock.json_object_sql('penstock_k', key_columns, array_agg(type order by nth)) || '::text' end,
        -- What stands before a key of one whole number, and its column.
        'number_begins', case when bool_and(integral) and count(*) = 1 then quote_literal(format('{%s:', min(to_json(name)::text))) end,
        'number', 'penstock_k.' || quote_ident(min(name)),
        'same', string_agg(format('penstock_o.%I %s penstock_n.%I', name, operator, name), ' and ' order by nth),
        'altered', penstock.altered_sql(root),
        -- A rename of the table or of a key column would break the static SQL; a key that is not written plainly depends
        -- on its columns' types as well, one of integers on their being such. Noticed by cheap look-ups that lock nothing: a writer of a partition holds no
        -- lock on the root, and must not wait for those who do.
        'renamed', format('(%s%s)',
            case when bool_or(penstock.json_form(type) <> 'plain') then penstock.altered_sql(root) || ' or '
                 when bool_and(integral) then penstock.rewritten_sql(root) || ' or ' end,
            string_agg(format('(pg_identify_object(%s, %s, %s)).identity is distinct from %L',
                              'pg_class'::regclass::oid, root::oid, num,
                              (pg_identify_object('pg_class'::regclass, root, num)).identity), ' or ' order by nth)),
        -- The key's only column is the first one of the row, and its image tells by itself how the column is called: the cheapest
        -- look-up. Null: another key, or a partition, whose columns have an order of their own.
        'named', case when bool_and(begins) then string_agg(format(
            'has_column_privilege(%s::oid, %s::int2, ''select'') is not null and starts_with(penstock_image, %L)',
            root::oid, num, format('{%s:', to_json(name))), '') end,
        -- What is stored in the table's own file alone is shorter than a page. Partitions have files of their own.
        'bytes_max', case when (select relkind from pg_class where oid = root) = 'r'
            -- An aggregate: pg_class may show the table twice (see present_columns).
            then format('(select min(8192) from pg_class where oid = %s having bool_and(reltoastrelid = 0 or pg_relation_size(reltoastrelid) = 0))',
                        root::oid)
            else 'null' end,
        -- A partition that was detached keeps its triggers, and is not the table's any more. Nor is any table of a
        -- database restored from a dump, until `migrate` accepts it: its writers must not fail.
        'detached', case when (select relkind from pg_class where oid = root) = 'p'
            then format('(tg_relid <> %s::oid and pg_partition_root(tg_relid) is distinct from pg_partition_root(%s::oid))',
                        root::oid, root::oid)
            else format('tg_relid <> %s::oid', root::oid) end,
        'ready', format('(has_table_privilege(%s::oid, ''select'') and not row_security_active(%s::oid))',
                        root::oid, root::oid))
      from (select name, operator, nth, a.attnum as num, a.atttypid as type,
                   a.atttypid = any (array['int2', 'int4', 'int8']::regtype[]) and strpos(to_json(name)::text, '\') = 0
                   and pg_relation_filenode(root) is not null as integral,
                   cardinality(key_columns) = 1 and strpos(to_json(name)::text, '\') = 0
                   and (select relkind from pg_class where oid = root) = 'r'
                   and not exists (select from pg_attribute as f where f.attrelid = root and f.attnum > 0
                                      and f.attnum < a.attnum and not f.attisdropped) as begins
              from unnest(key_columns, operators) with ordinality as k (name, operator, nth)
              join pg_attribute as a on a.attrelid = root and a.attname = name) as k
$$;

-- create_capture_function: completes the template of one trigger function and creates it. Shared pieces:
--   {noted}   the transaction has journaled this root; and wake the poller unless it is awake. The shared lock
--             lasts to the end of the transaction, so a poller cannot fall asleep over it. Once a transaction is
--             enough. NOTIFY makes PREPARE TRANSACTION fail: where that is possible, the poller polls. One expression
--             that is always true: PL/pgSQL prepares each of a function's anew in every transaction.
--   {nested}  this transaction has journaled this root before.
--   {one}     journals penstock_image as one change; IF without its END IF, so that ELSE is where penstock_leaf is null.
--   {reread}  journals the keys in {touched} as they stand now. LATERAL with LIMIT: an index look-up a key, whatever
--             the statistics say. In the partition that the statement names (journal_keys has the reason).
--             Pieces stay small: what stands there now may be larger than what the statement left.
create function penstock.create_capture_function(name text, body text, fields jsonb) returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $outer$
declare
    noted text := $$(set_config({setting}, '1', true) is not null
                     and (current_setting('max_prepared_transactions') <> '0' or pg_try_advisory_xact_lock_shared({sleep})
                          or pg_notify({channel}, '') is not null))$$;
    nested text := $$(current_setting({setting}, true) = '1') is true$$;
    reread text := $$
        insert into {leaf} (relation, action, n, old_rows, new_rows)
        select {relation}, case when penstock_p.image is null then 'delete' else 'update' end, count(*),
               string_agg(penstock_p.key, chr(30)), string_agg(penstock_p.image, chr(30))
          from (select penstock_r.image, row_number() over () as i,
                       case when penstock_r.image is null then {key_text} end as key
                  from (select distinct * from ({touched}) penstock_s) penstock_k
                  left join lateral (select {table_image}::text as image from {table} penstock_t
                                      where {match} and {not_stale} limit 1) penstock_r on true) penstock_p
         group by penstock_p.image is null, penstock_p.i / {piece}$$;
    reread_partitioned text := $$
        if tg_relid <> {root}::oid then
            execute replace(replace({reread_text}, '<penstock leaf>', {leaves} || penstock_leaf), '<penstock table>', tg_relid::regclass::text)
              using least(penstock_piece, 64);
        else
            {reread}
        end if;$$;
    bulk text := $$
        insert into {leaf} (relation, action, n, {column})
        select {relation}, {action}, count(*), string_agg(penstock_p.image, chr(30))
          from (select penstock_q.image, penstock_q.i / penstock_piece as piece
                  from (select {image} as image, row_number() over () - 1 as i from {images}) penstock_q
                 order by penstock_q.i / penstock_piece, penstock_q.i) penstock_p
         group by penstock_p.piece order by penstock_p.piece$$;
    -- Keys of one whole number: slices of an array need no sort, and array_to_string no call a row. An array of 1,048,575 takes
    -- 17 MB, the next one twice as much: where more were deleted nothing is written here, and {bulk} does it.
    numbers text := $$
        insert into {leaf} (relation, action, n, {column})
        select {relation}, {action}, cardinality(penstock_p.numbers),
               {number_begins} || array_to_string(penstock_p.numbers, '}' || chr(30) || {number_begins}, '') || '}'
          from (select penstock_a.numbers[penstock_i * penstock_piece + 1 : (penstock_i + 1) * penstock_piece] as numbers
                  from (select array_agg(penstock_l.number) as numbers
                          from (select {number} as number from {images} limit 1048576) penstock_l) penstock_a,
                       generate_series(0, case when cardinality(penstock_a.numbers) > 1048575 then -1
                                               else (cardinality(penstock_a.numbers) - 1) / penstock_piece end::int) penstock_i
                offset 0) penstock_p$$;
    one text := $$
        insert into {leaf} (relation, action, n, {column}) values ({relation}, {action}, 1, penstock_image)$$;
begin
    fields := fields || jsonb_build_object(
        'noted', penstock.fill(noted, fields), 'nested', penstock.fill(nested, fields),
        'reread', penstock.insert_sql(reread, fields || jsonb_build_object('piece', 'least(penstock_piece, 64)')),
        'bulk', penstock.insert_sql(bulk, fields), 'one', left(penstock.insert_sql(one, fields), -length('end if;')));
    if (fields ->> 'numbered')::boolean then
        fields := fields || jsonb_build_object(
            'bulk', penstock.insert_sql(numbers, fields) || ' if not found then ' || (fields ->> 'bulk') || ' end if;');
    end if;
    if (fields ->> 'partitioned')::boolean then
        fields := fields || jsonb_build_object(
            'leaves', quote_literal('penstock.' || (fields ->> 'pipeline') || '_cdc_'),
            'reread_text', quote_literal(penstock.fill(reread, fields || jsonb_build_object(
                'piece', '$1', 'leaf', '<penstock leaf>', 'table', '<penstock table>'))));
        fields := fields || jsonb_build_object('reread', penstock.fill(reread_partitioned, fields));
    end if;
    execute format('create or replace function %s() returns trigger language plpgsql security definer %s as %L',
                   (fields ->> 'function') || name, fields ->> 'settings', penstock.fill(body, fields));
    execute format('revoke execute on function %s() from public', (fields ->> 'function') || name);
end
$outer$;

revoke execute on all functions in schema penstock from public;
