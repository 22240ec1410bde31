-- 009_requests: what is to be copied again, asked for by whoever; the reader takes it up.
-- Tables: penstock.request. Functions: penstock.key_columns_as, penstock.request_keys, penstock.request_table, penstock.take_up_requests,
--   penstock.store_keys. Tables touched: penstock.slot, penstock.slice, the captured tables (select).
-- Grants: EXECUTE revoked from PUBLIC.
--
-- Why the order with live changes holds, and nobody waits. A requested row is read in the snapshot at which its batch
-- ends, and travels behind the batch's changes, like every slice. A change of the row which that snapshot sees is in this batch
-- or an earlier one, before the row as it then stood; any other is in a later batch. So no row is locked, and no writer is in
-- the way: a lock would be needed only to journal the row from a transaction of its own.

-- A request is for one key, or (key null) for a table or one partition of it.
create table penstock.request (
    pipeline text   not null,
    id       bigint not null generated always as identity,
    relation text   not null,
    key      json,
    part     oid,
    primary key (pipeline, id)
);

-- key_columns_as: the key's columns as they were called when installed and are typed now, for json_to_record: "a integer, b
-- text"; and the expression that writes the row k of them.
create function penstock.key_columns_as(of_pipeline text, of_relation text, out list text, out image text)
language sql stable
set search_path = pg_catalog, pg_temp
as $$
    select string_agg(penstock.read_key(name, a.atttypid, a.atttypmod), ', ' order by nth),
           penstock.json_object_sql('k', array_agg(name order by nth), array_agg(a.atttypid order by nth))
      from penstock.captured as c
     cross join unnest(c.key_columns, c.key_attnums) with ordinality as u (name, num, nth)
      join pg_attribute as a on a.attrelid = c.root and a.attnum = num and not a.attisdropped
     where c.pipeline = of_pipeline and c.relation = of_relation
$$;

-- request_keys: asks for rows by their keys, a JSON array of key objects: as they stand on A when the request is taken up, or
-- their absence. A key that A's types cannot hold fails here, not in the reader. A sleeping reader is woken.
create function penstock.request_keys(of_pipeline text, of_relation text, keys json) returns void
language plpgsql
set search_path = pg_catalog, pg_temp set array_nulls = on
as $$
begin
    execute (select format('insert into penstock.request (pipeline, relation, key) '
                           'select $1, $2, %s from json_to_recordset($3) as k (%s)', image, list)
               from penstock.key_columns_as(of_pipeline, of_relation)) using of_pipeline, of_relation, keys;
    perform pg_notify('penstock_' || of_pipeline, '');
end
$$;
select penstock.pin_settings('penstock.request_keys(text, text, json)');

-- request_table: asks for a table, or for one partition of it (null: the whole table). Without a key always for all of it.
create function penstock.request_table(of_pipeline text, of_relation text, of_part oid) returns void
language sql
set search_path = pg_catalog, pg_temp
as $$
    insert into penstock.request (pipeline, relation, part)
    select c.pipeline, c.relation, case when c.key_columns <> '{}' then of_part end from penstock.captured as c
     where c.pipeline = of_pipeline and c.relation = of_relation;
    select pg_notify('penstock_' || of_pipeline, '');
$$;

-- take_up_requests: makes requests for tables backfills of the slot. One partition of a table at a time; the whole of a
-- table begins at once, anew, and takes the place of all that was asked for before. Returns whether there is anything to
-- copy that was asked for. By the holder of the 'capture' lock, between two batches.
create function penstock.take_up_requests(of_pipeline text) returns boolean
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    current jsonb;
    taken   jsonb;
begin
    select s.backfill into current from penstock.slot as s where s.pipeline = of_pipeline
     order by s.epoch desc, s.batch desc, s.step desc limit 1;
    with next as materialized (
        select distinct on (r.relation) r.relation, r.id, r.part
          from penstock.request as r
         where r.pipeline = of_pipeline and r.key is null
           and (r.part is null or coalesce((current -> r.relation ->> 'done')::boolean, true))
         order by r.relation, r.part is not null, r.id),
    gone as (
        delete from penstock.request as r using next as n
         where r.pipeline = of_pipeline and r.relation = n.relation and r.key is null and (n.part is null or r.id = n.id))
    select jsonb_object_agg(relation, jsonb_build_object('after', null, 'done', false, 'part', part)) into taken from next;
    if taken is not null then
        delete from penstock.escaped as e
         where e.pipeline = of_pipeline and taken -> e.relation -> 'part' = 'null';
        perform penstock.append_backfill(of_pipeline, taken);
        perform penstock.note_capture(of_pipeline);
        -- All that is missing on B until now comes with the copy; while triggers are missing more would go.
        update penstock.captured as c set doubtful_since = null
          from penstock.capture_state(of_pipeline) as s
         where c.pipeline = of_pipeline and c.relation = s.relation and c.doubtful_since is not null and s.problem is null
           and taken -> c.relation -> 'part' = 'null';
    end if;
    return taken is not null or exists (select from penstock.request as r where r.pipeline = of_pipeline and r.key is not null);
end
$$;

-- store_keys: stores rows that were asked for by key, like store_slice; of a row that is not there its key, to be deleted.
-- Takes up the oldest requests. Returns how many.
create function penstock.store_keys(of_pipeline text, of_relation text, rows_max int) returns bigint
language plpgsql
set search_path = pg_catalog, pg_temp set array_nulls = on
as $$
declare
    slot  penstock.slot := penstock.newest_slot(of_pipeline);
    entry penstock.captured;
    slice record;
begin
    select * into strict entry from penstock.captured as c where c.pipeline = of_pipeline and c.relation = of_relation;
    perform penstock.hold_for_copy(entry.root);
    -- One row of a key's own types; LATERAL with LIMIT: an index look-up a key, whatever the statistics say.
    select s.* into slice
      from penstock.key_columns_as(of_pipeline, of_relation) as k
     cross join lateral penstock.store_rows(slot, of_relation, format(
           'select t.image, %s::text as key, r.id::text as mark from penstock.request as r '
           'cross join lateral json_to_record(r.key) as k (%s) '
           'left join lateral (select %s::text as image from %s as penstock_t where %s limit 1) as t on true '
           'where r.pipeline = %L and r.relation = %L and r.key is not null order by r.id limit %s',
           k.image, k.list, penstock.image_as_installed(entry, 'penstock_t'), penstock.as_installed(entry),
           (select string_agg(format('penstock_t.%1$I %2$s k.%1$I%3$s', name, operator, penstock.read_key_cast(a.atttypid)), ' and ')
              from unnest(entry.key_columns, entry.key_attnums, entry.key_operators) as u (name, num, operator)
              join pg_attribute as a on a.attrelid = entry.root and a.attnum = num and not a.attisdropped),
           of_pipeline, of_relation, rows_max), 8388608) as s;
    -- In the same snapshot, so exactly those that were read.
    delete from penstock.request as r
     where r.pipeline = of_pipeline and r.relation = of_relation and r.key is not null and r.id <= slice.last::bigint;
    perform penstock.note_stored(slot, of_relation, slice.stored, null);
    return slice.stored;
end
$$;
select penstock.pin_settings('penstock.store_keys(text, text, int)');

revoke all on penstock.request from public;
revoke execute on all functions in schema penstock from public;
