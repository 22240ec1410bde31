-- 007_slot: where a pipeline begins, and the initial copy in slices.
-- Tables: penstock.pipeline (the resolved configuration). Functions: penstock.slot_lacks, penstock.append_backfill,
--   penstock.start_slot, penstock.journal_truncate, penstock.copy_anew, penstock.index_operator, penstock.behind_sql,
--   penstock.slice_sql, penstock.hold_for_copy, penstock.store_rows, penstock.note_stored, penstock.newest_slot, penstock.ring_of, penstock.store_ring,
--   penstock.store_slice.
-- Tables touched: penstock.slot, penstock.slice, the captured tables (select).
-- Grants: EXECUTE revoked from PUBLIC. Only the session that holds the pipeline's 'capture' lock writes the slot.

create table penstock.pipeline (
    pipeline      text  primary key,
    configuration jsonb not null
);

-- slot_lacks: whether a relation has no entry in the slot yet (or there is no slot).
create function penstock.slot_lacks(pipeline text, relations text[]) returns boolean
language sql stable
set search_path = pg_catalog, pg_temp
as $$
    select coalesce((select not (s.backfill ?& relations) from penstock.slot as s where s.pipeline = slot_lacks.pipeline
                      order by s.epoch desc, s.batch desc, s.step desc limit 1), true)
$$;

-- append_backfill: a slot row, the first one if need be, whose backfill has these entries: {"relation": {"after", "done", "part"}}:
-- the key object the copy has come to, whether it is done, and the one partition that is copied (null: the whole table).
create function penstock.append_backfill(of_pipeline text, entries jsonb) returns void
language sql
set search_path = pg_catalog, pg_temp
as $$
    with newest as (
        select * from penstock.slot as s where s.pipeline = of_pipeline order by s.epoch desc, s.batch desc, s.step desc limit 1)
    insert into penstock.slot (pipeline, epoch, batch, step, kind, nonce, previous_nonce, acked, open, last_id, last_ordinal,
                               captured, backfill, system)
    select of_pipeline, coalesce(n.epoch, 1), coalesce(n.batch, 0), coalesce(n.step + 1, 0),
           case when n.kind in ('open', 'progress') then 'progress' else 'ack' end,
           coalesce(n.nonce, (random() * 9007199254740991)::bigint), n.previous_nonce,
           coalesce(n.acked, pg_current_snapshot()), coalesce(n.open, pg_current_snapshot()),
           coalesce(n.last_id, 0), coalesce(n.last_ordinal, 0), coalesce(n.captured, '{}'),
           coalesce(n.backfill, '{}') || entries, coalesce(n.system, penstock.this_system())
      from (select) as one left join newest as n on true
$$;

-- start_slot: the slot's first row, or a row that adds relations. Called after the triggers are committed: a change that this
-- snapshot sees is in the table and will be copied with it, any other is in the journal. With `initial` false what is
-- in the tables already is not copied.
create function penstock.start_slot(pipeline text, relations text[], initial boolean) returns void
language sql
set search_path = pg_catalog, pg_temp
as $$
    select penstock.append_backfill(start_slot.pipeline,
               (select coalesce(jsonb_object_agg(r, jsonb_build_object('after', null, 'done', not initial)), '{}')
                  from unnest(relations) as r where penstock.slot_lacks(start_slot.pipeline, array[r])))
$$;

-- journal_truncate: journals that a table was emptied, where no trigger could.
create function penstock.journal_truncate(of_pipeline text, of_relation text) returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
    execute format('insert into penstock.%I (relation, action, n) values ($1, ''truncate'', 1)',
                   of_pipeline || '_cdc_' || pg_sequence_last_value(format('penstock.%I', of_pipeline || '_cdc_ring_seq')::regclass))
      using of_relation;
end
$$;

-- copy_anew: for a relation that was dropped and created anew. B's copy is emptied, then what is there is copied. Called in
-- the transaction that installs the new triggers: they journal nothing before this TRUNCATE, and an interruption leaves both or none.
create function penstock.copy_anew(of_pipeline text, of_relation text) returns void
language sql
set search_path = pg_catalog, pg_temp
as $$
    select penstock.journal_truncate(of_pipeline, of_relation);
    select penstock.append_backfill(of_pipeline,
               jsonb_build_object(of_relation, jsonb_build_object('after', null, 'done', false)));
$$;

-- index_operator: the operator of a btree index on one of its columns: strategy 3 is equal, 4 not less, 5 greater.
create function penstock.index_operator(key_index oid, attnum int2, strategy int) returns text
language sql stable
set search_path = pg_catalog, pg_temp
as $$
    select format('operator(%I.%s)', n.nspname, o.oprname)
      from pg_index as i
     cross join unnest(i.indkey::int2[]) with ordinality as u (num, nth)
      join pg_opclass as c on c.oid = (i.indclass::oid[])[u.nth - 1]
      join pg_amop as m on m.amopfamily = c.opcfamily and m.amopstrategy = strategy
                       and m.amoplefttype = c.opcintype and m.amoprighttype = c.opcintype
      join pg_operator as o on o.oid = m.amopopr
      join pg_namespace as n on n.oid = o.oprnamespace
     where i.indexrelid = key_index and u.num = attnum and u.nth <= i.indnkeyatts
$$;

-- behind_sql: whether the columns are behind the values in the order of the key: a comparison of rows where one operator
-- serves all columns, else (citext beside int; hstore, whose operators have names of their own) column by column.
create function penstock.behind_sql(columns text[], vals text[], equal text[], not_less text[], greater text[]) returns text
language plpgsql immutable
set search_path = pg_catalog, pg_temp
as $$
declare
    sql text;
begin
    if greater[1] = all (greater) then
        return format('row(%s) %s row(%s)', array_to_string(columns, ', '), greater[1], array_to_string(vals, ', '));
    end if;
    for i in reverse cardinality(columns) .. 1 loop
        sql := concat(format('%s %s %s', columns[i], greater[i], vals[i]),
                      case when sql is not null then format(' or %s %s %s and (%s)', columns[i], equal[i], vals[i], sql) end);
    end loop;
    -- The first column once more, for the index: it then begins there.
    return format('%s %s %s and (%s)', columns[1], not_less[1], vals[1], sql);
end
$$;

-- slice_sql: reads the next rows (rows_max null: all) of a table, or of one partition, in key order behind a key object (null:
-- from the start), for store_rows. The rows' order is the key index's own; the comparison is by the operators of that index, wherever they live.
create function penstock.slice_sql(entry penstock.captured, part regclass, after text, rows_max int) returns text
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $outer$
declare
    keys   text;
    behind text;
    key    text;
begin
    select string_agg(format('t.%I', name), ', ' order by nth),
           -- Of the key's columns alone: a domain that refuses NULL would refuse the columns it lacks.
           penstock.behind_sql(array_agg(format('t.%I', name) order by nth),
                               array_agg(format('(select a.%1$I%3$s from json_to_record(%4$L) as a (%2$s))', name,
                                                penstock.read_key(name, a.atttypid, a.atttypmod),
                                                penstock.read_key_cast(a.atttypid), after) order by nth),
                               array_agg(penstock.index_operator(entry.key_index, num, 3) order by nth),
                               array_agg(penstock.index_operator(entry.key_index, num, 4) order by nth),
                               array_agg(penstock.index_operator(entry.key_index, num, 5) order by nth)),
           penstock.json_object_sql('k', array_agg(name order by nth), array_agg(a.atttypid order by nth))
      into keys, behind, key
      from unnest(entry.key_columns, entry.key_attnums) with ordinality as k (name, num, nth)
      join pg_attribute as a on a.attrelid = entry.root and a.attnum = num and not a.attisdropped;
    return format($$
        select %1$s::text as image, null as key, %2$s::text as mark
          from %3$s as t
         cross join lateral (select %4$s) as k
         where %5$s
         order by %4$s limit %6$L $$,
        penstock.image_as_installed(entry, 't'), key, coalesce(part::text, penstock.as_installed(entry)), keys,
        case when after is null then 'true' else behind end, rows_max);
end
$outer$;

-- hold_for_copy: keeps a table as it is until this transaction has read it. Without this a rename could slip in between
-- the text of the query and its execution. A table whose file was written anew since the snapshot (a change of type) looks
-- empty in it: then all of it is done again, in a new one.
-- And nothing is read that would run somebody's function with our rights.
create function penstock.hold_for_copy(root regclass) returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
    execute format('lock table %s in access share mode', root);
    if exists (select from pg_class as c
                where c.oid in (select root union select relid from pg_partition_tree(root))
                  and pg_relation_filenode(c.oid) is distinct from nullif(c.relfilenode, 0)) then
        raise exception 'table % was written anew in the middle of a copy', root using errcode = 'serialization_failure';
    end if;
    if penstock.planted(root) is not null then
        raise exception '% is not copied: %', root, penstock.planted(root) using errcode = 'object_not_in_prerequisite_state';
    end if;
end
$$;

-- store_rows: stores what `source` reads (SQL text, parameters bound by whoever made it) beside the batch that the same
-- REPEATABLE READ transaction has just opened: its rows are the table at exactly that batch's snapshot. source yields, in
-- order: image text; or null and the key text of a row that is gone; mark text, whatever its caller needs to go on. At most
-- bytes_max, or one row, so that memory is bounded however wide the rows. Returns how many were stored, and the mark of the last.
create function penstock.store_rows(slot penstock.slot, of_relation text, source text, bytes_max bigint,
                                    out stored bigint, out last text)
language plpgsql
set search_path = pg_catalog, pg_temp
as $outer$
begin
    if current_setting('transaction_isolation') <> 'repeatable read' then
        raise exception 'a slice needs REPEATABLE READ' using errcode = 'invalid_transaction_state';
    end if;
    execute format($$
        with numbered as (
            select image, coalesce(image, key) as text, mark, row_number() over so_far - 1 as i,
                   sum(octet_length(coalesce(image, key))) over so_far as bytes
              from (%s) as s window so_far as (rows unbounded preceding)),
        slice as materialized (select * from numbered where i = 0 or bytes - octet_length(text) < $5),
        stored as (
            insert into penstock.slice (pipeline, epoch, batch, piece, relation, action, n, rows)
            select $1, $2, $3, $6 + min(i), $4, case when image is null then 'delete' else 'read' end, count(*),
                   string_agg(text, chr(30) order by i)
              from slice group by i / 256, bytes >> 20, image is null)
        select count(*), (select mark from slice order by i desc limit 1) from slice $$, source)
       into stored, last
      using slot.pipeline, slot.epoch, slot.batch, of_relation, bytes_max,
            (select coalesce(max(p.piece) + 1, 0) from penstock.slice as p
              where (p.pipeline, p.epoch, p.batch) = (slot.pipeline, slot.epoch, slot.batch));
end
$outer$;

-- note_stored: adds what was stored to the books of the batch, and how far a copy has come where it is one.
create function penstock.note_stored(slot penstock.slot, of_relation text, stored bigint, progress jsonb) returns void
language sql
set search_path = pg_catalog, pg_temp
as $$
    update penstock.slot as s
       set backfill = s.backfill || case when progress is null then '{}' else jsonb_build_object(of_relation, progress) end,
           captured = s.captured || jsonb_build_object(of_relation, coalesce((s.captured ->> of_relation)::bigint, 0) + stored)
     where (s.pipeline, s.epoch, s.batch, s.step) = (slot.pipeline, slot.epoch, slot.batch, slot.step)
$$;

-- newest_slot: the newest slot row of a pipeline.
create function penstock.newest_slot(of_pipeline text) returns penstock.slot
language sql stable
set search_path = pg_catalog, pg_temp
as $$
    select s from penstock.slot as s where s.pipeline = of_pipeline order by s.epoch desc, s.batch desc, s.step desc limit 1
$$;

-- ring_of: the captured tables, this one first, whose rows refer to each other in a ring of foreign keys (to the table itself,
-- too). None: no ring. (Without a key a table is copied at once anyway.)
create function penstock.ring_of(entry penstock.captured) returns setof penstock.captured
language sql stable
set search_path = pg_catalog, pg_temp
as $$
    with recursive refers as (
        select distinct f.conrelid as root, f.confrelid as to_root
          from pg_constraint as f
          join penstock.captured as c on c.pipeline = entry.pipeline and c.root = f.conrelid and c.key_columns <> '{}'
          join penstock.captured as t on t.pipeline = entry.pipeline and t.root = f.confrelid and t.key_columns <> '{}'
         where f.contype = 'f'),
    ahead as (
        select to_root as root from refers where root = entry.root
        union
        select r.to_root from ahead as a join refers as r on r.root = a.root),
    back as (
        select root from refers where to_root = entry.root
        union
        select r.root from back as b join refers as r on r.to_root = b.root)
    select c from penstock.captured as c
     where c.pipeline = entry.pipeline and c.root in (select root from ahead intersect select root from back)
     order by c.root <> entry.root, c.relation
$$;

-- store_ring: stores all rows of the tables of a ring that are to be copied whole: in slices a row would come to B before the
-- one it refers to; of one batch B tries again what it refused. Returns the number of rows.
create function penstock.store_ring(slot penstock.slot, ring penstock.captured[]) returns bigint
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    entry  penstock.captured;
    stored bigint;
    total  bigint := 0;
begin
    foreach entry in array ring loop
        continue when coalesce((slot.backfill -> entry.relation ->> 'done')::boolean, true)
                      or slot.backfill -> entry.relation ->> 'part' is not null;
        perform penstock.hold_for_copy(entry.root);
        select s.stored into stored
          from penstock.store_rows(slot, entry.relation, penstock.slice_sql(entry, null, null, null), 9e18::bigint) as s;
        perform penstock.note_stored(slot, entry.relation, stored, '{"done": true}');
        total := total + stored;
    end loop;
    return total;
end
$$;

-- store_slice: stores the next slice of a relation's copy. A partition that is no more ends its copy; a table without a key
-- is copied at once, and so is a ring of tables. Rows above some kilobytes fill a slice long before rows_max: a slice asks
-- for twice as many as the one before took, so that few are read in vain. Returns the number of rows.
create function penstock.store_slice(of_pipeline text, of_relation text, rows_max int) returns bigint
language plpgsql
set search_path = pg_catalog, pg_temp set enable_sort = off set array_nulls = on
as $outer$
declare
    slot     penstock.slot := penstock.newest_slot(of_pipeline);
    entry    penstock.captured;
    ring     penstock.captured[];
    progress jsonb         := slot.backfill -> of_relation;
    part     oid           := (progress ->> 'part')::oid;
    asked    int           := least(rows_max, coalesce((progress ->> 'rows')::int, 64));
    stored   bigint        := 0;
    last     text;
begin
    select * into strict entry from penstock.captured as c where c.pipeline = of_pipeline and c.relation = of_relation;
    perform penstock.hold_for_copy(entry.root);
    ring := array(select penstock.ring_of(entry));
    if part is null and ring <> '{}' then
        return penstock.store_ring(slot, ring);
    elsif entry.key_columns = '{}' then
        stored := penstock.store_multiset(entry, slot);
    elsif part is null or exists (select from pg_partition_tree(entry.root) as t where t.relid = part) then
        select s.* into stored, last
          from penstock.store_rows(slot, of_relation, penstock.slice_sql(entry, part, progress ->> 'after', asked), 8388608) as s;
    end if;
    perform penstock.note_stored(slot, of_relation, stored, progress || jsonb_build_object(
                'after', coalesce(last, progress ->> 'after')::json, 'done', last is null, 'rows', least(stored * 2, rows_max)));
    return stored;
end
$outer$;
select penstock.pin_settings('penstock.store_slice(text, text, int)');

revoke all on penstock.pipeline from public;
revoke execute on all functions in schema penstock from public;
