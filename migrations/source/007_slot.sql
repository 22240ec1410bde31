-- 007_slot: where a pipeline begins, and the initial copy in slices.
-- Tables: penstock.pipeline (the resolved configuration). Functions: penstock.slot_lacks, penstock.append_backfill,
--   penstock.start_slot, penstock.slice_sql, penstock.store_slice. Tables touched: penstock.slot, penstock.slice, the captured tables (select).
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
                               captured, backfill)
    select of_pipeline, coalesce(n.epoch, 1), coalesce(n.batch, 0), coalesce(n.step + 1, 0),
           case when n.kind in ('open', 'progress') then 'progress' else 'ack' end,
           coalesce(n.nonce, (random() * 9007199254740991)::bigint), n.previous_nonce,
           coalesce(n.acked, pg_current_snapshot()), coalesce(n.open, pg_current_snapshot()),
           coalesce(n.last_id, 0), coalesce(n.last_ordinal, 0), coalesce(n.captured, '{}'),
           coalesce(n.backfill, '{}') || entries
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

-- slice_sql: reads the next rows of a table, or of one partition, in key order behind a key.   $1 json key object or null,
-- $2 rows at most. The rows' order is the key index's own; the comparison is by the operators of that index, wherever they live.
create function penstock.slice_sql(of_pipeline text, of_relation text, part regclass) returns text
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $outer$
declare
    entry   penstock.captured;
    keys    text;
    after   text;
    schemas text[];
begin
    select * into strict entry from penstock.captured as c where c.pipeline = of_pipeline and c.relation = of_relation;
    select string_agg(format('t.%I', a.attname), ', ' order by nth),
           -- Of the key's columns alone: a domain that refuses NULL would refuse the columns it lacks.
           string_agg(format('(select a.%1$I from json_to_record($1) as a (%1$I %2$s))', a.attname,
                             format_type(a.atttypid, a.atttypmod)), ', ' order by nth),
           array_agg(distinct substring(o from '^operator\((.*)\.[^.]*\)$'))
      into keys, after, schemas
      from unnest(entry.key_columns, entry.key_attnums, entry.key_operators) with ordinality as k (name, num, o, nth)
      join pg_attribute as a on a.attrelid = entry.root and a.attnum = num and not a.attisdropped;
    if cardinality(schemas) <> 1 then
        raise exception 'the key of % mixes types of several extensions, which cannot be compared as a row', of_relation
              using errcode = 'feature_not_supported';
    end if;
    return format($$
        select row_to_json(t.*)::text as image, row_to_json(k.*) as key
          from %1$s as t
         cross join lateral (select %2$s) as k
         where $1 is null or row(%2$s) operator(%3$s.>) row(%4$s)
         order by %2$s limit $2 $$, coalesce(part, entry.root::regclass), keys, schemas[1], after);
end
$outer$;

-- store_slice: reads the next slice of a relation's copy and stores it beside the batch that the same REPEATABLE
-- READ transaction has just opened: its rows are the table at exactly that batch's snapshot. Notes in that batch's
-- slot row how far the copy has come. A partition that is no more ends its copy. Returns the number of rows.
create function penstock.store_slice(of_pipeline text, of_relation text, rows_max int) returns bigint
language plpgsql
set search_path = pg_catalog, pg_temp set row_security = off set DateStyle = 'ISO, MDY' set TimeZone = 'UTC'
set IntervalStyle = 'postgres' set bytea_output = 'hex' set extra_float_digits = 1 set lc_monetary = 'C'
set quote_all_identifiers = off set enable_seqscan = off set enable_sort = off set jit = off
as $outer$
declare
    slot      penstock.slot;
    after     json;
    part      oid;
    continues boolean;
    copied    bigint := 0;
    last      json;
begin
    if current_setting('transaction_isolation') <> 'repeatable read' then
        raise exception 'store_slice needs REPEATABLE READ' using errcode = 'invalid_transaction_state';
    end if;
    select * into strict slot from penstock.slot as s where s.pipeline = of_pipeline
     order by s.epoch desc, s.batch desc, s.step desc limit 1;
    after := nullif((slot.backfill -> of_relation ->> 'after'), 'null');
    part := (slot.backfill -> of_relation ->> 'part')::oid;
    continues := part is null or exists (
        select from penstock.captured as c cross join lateral pg_partition_tree(c.root) as t
         where c.pipeline = of_pipeline and c.relation = of_relation and t.relid = part);
    if continues then
        execute format($$
            with numbered as (
                select image, key, row_number() over () - 1 as i,
                       sum(octet_length(image)) over (rows unbounded preceding) as bytes from (%s) as s),
            -- At most 8 MB, or one row: memory is bounded, however wide the rows.
            slice as materialized (select * from numbered where bytes - octet_length(image) < 8388608),
            stored as (
                insert into penstock.slice (pipeline, epoch, batch, piece, relation, action, n, rows)
                select $3, $4, $5, min(i), $6, 'read', count(*), string_agg(image, chr(30) order by i)
                  from slice group by i / 256, bytes >> 20)
            select count(*), (select key from slice order by i desc limit 1) from slice $$,
            penstock.slice_sql(of_pipeline, of_relation, part))
           into copied, last
          using after, rows_max, slot.pipeline, slot.epoch, slot.batch, of_relation;
    end if;
    update penstock.slot as s
       set backfill = jsonb_set(s.backfill, array[of_relation],
                                jsonb_build_object('after', coalesce(last, after), 'done', copied = 0, 'part', part)),
           captured = s.captured || jsonb_build_object(of_relation,
                                coalesce((s.captured ->> of_relation)::bigint, 0) + copied)
     where (s.pipeline, s.epoch, s.batch, s.step) = (slot.pipeline, slot.epoch, slot.batch, slot.step);
    return copied;
end
$outer$;

revoke all on penstock.pipeline from public;
revoke execute on all functions in schema penstock from public;
