-- 001_tables: what Penstock remembers on the source database A.
-- Tables: penstock.captured (which tables are captured, and how), penstock.slot (the stored reading offset
--   of each pipeline), penstock.slice (rows of a backfill, stored until their batch is acknowledged),
--   penstock.unlogged_marker (to notice a crash).
-- Functions: penstock.lock_key, penstock.this_system, penstock.fill, penstock.xid_ranges, penstock.compress_fast.
-- Grants: none. The schema belongs to Penstock's role; writers need no right on it.

create table penstock.captured (
    pipeline        text        not null,
    relation        text        not null,   -- quote_ident(schema)||'.'||quote_ident(table) when installed
    root            oid         not null,   -- the table, or the root of its partitions; survives a rename
    key_columns     text[]      not null,   -- names when installed: the names inside key objects; {}: no key
    key_attnums     int2[]      not null,   -- what holds after a rename
    key_operators   text[]      not null,   -- operator(pg_catalog.=) and the like, one a column
    key_index       oid         not null,
    key_index_built boolean     not null,   -- migrate built the index, so uninstall drops it
    columns         text,                   -- a print of the columns that the functions were generated for
    file            oid,                    -- and the table's file then
    by_rows         boolean     not null,   -- captured by row triggers (013), not by statement triggers
    created_at      timestamptz not null default clock_timestamp(),
    targets         oid[],                  -- the table and its partitions, when last found captured wholly
    triggers        text,                   -- a print of their triggers then
    whole_at        timestamptz,            -- when that was
    doubtful_since  timestamptz,            -- from then on changes may be missing on B; null: none
    files           jsonb,                  -- of the table and its partitions, when last looked at (012)
    primary key (pipeline, relation),
    unique (pipeline, root)
);

-- Append-only: a row updated in place keeps every version while any transaction of the cluster stays open.
create table penstock.slot (
    pipeline       text        not null,
    epoch          bigint      not null,
    batch          bigint      not null,
    step           int         not null,
    kind           text        not null check (kind in ('open', 'progress', 'ack')),
    nonce          bigint      not null,
    previous_nonce bigint,
    acked          pg_snapshot not null,
    open           pg_snapshot not null,
    last_id        bigint      not null default 0,
    last_ordinal   int         not null default 0,
    captured       jsonb       not null default '{}',
    backfill       jsonb       not null default '{}',
    system         bigint      not null,    -- the cluster where the epoch began: carried along, so that a dump tells on itself
    at             timestamptz not null default clock_timestamp(),
    primary key (pipeline, epoch, batch, step)
);

-- A table cannot be read again as it was, so a slice is stored with the batch that carries it.
create table penstock.slice (
    pipeline text   not null,
    epoch    bigint not null,
    batch    bigint not null,
    piece    int    not null,
    relation text   not null,
    action   text   not null check (action in ('read', 'delete', 'truncate')),
    n        int    not null,
    rows     text   not null,               -- images, or the keys of rows that are gone; '' for a TRUNCATE
    primary key (pipeline, epoch, batch, piece)
);

-- compress_fast: a column whose values PostgreSQL compresses by lz4 from now on, where the server can:
-- faster than its default.
create function penstock.compress_fast(of_table regclass, of_column text) returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
    if current_setting('server_version_num')::int >= 140000 then
        execute format('alter table %s alter column %I set compression lz4', of_table, of_column);
    end if;
exception when feature_not_supported then
    null;   -- a server built without lz4 keeps its default
end
$$;
select penstock.compress_fast('penstock.slice', 'rows');

-- A row a pipeline, which a crash takes away together with the rows of every other unlogged table (012).
create unlogged table penstock.unlogged_marker (
    pipeline text primary key
);

-- lock_key: the advisory lock of a pipeline for one purpose ('sleep', 'capture', 'apply', 'migrate').
create function penstock.lock_key(pipeline text, what text) returns bigint
language sql immutable strict parallel safe
as $$ select pg_catalog.hashtextextended('penstock.' || what || '.' || pipeline, 0) $$;

-- this_system: the cluster's identifier, which a standby and a base backup share and a dump does not carry.
create function penstock.this_system() returns bigint
language sql stable
as $$ select system_identifier from pg_catalog.pg_control_system() $$;

-- fill: replaces each {name} of a template by its value, in one pass, so that a value which itself looks
-- like a placeholder (a table called "{leaf}") stays as it is. An unknown name gives null, and so an error.
create function penstock.fill(template text, fields jsonb) returns text
language sql immutable strict
set search_path = pg_catalog, pg_temp
as $$
    select case when bool_or(piece is null) then null else string_agg(piece, '' order by i) end
      from (select i, case when i = 1 then part
                           else (fields ->> split_part(part, '}', 1)) || substr(part, strpos(part, '}') + 1) end
              from unnest(string_to_array(template, '{')) with ordinality as t (part, i)) as pieces (i, piece)
$$;

-- xid_ranges: the transactions visible in `until` and not in `since`, as half-open ranges of ids.
-- The transactions that `until` still sees running are cut out: their journal rows are invisible, and a bulk
-- statement in flight would otherwise be scanned by every poll. Inlined by the planner (so no SET clause).
create function penstock.xid_ranges(since pg_snapshot, until pg_snapshot)
returns table (low xid8, high xid8)
language sql stable
as $$
    select x, (x::text::bigint + 1)::text::xid8
      from pg_catalog.pg_snapshot_xip(since) as x
     where pg_catalog.pg_visible_in_snapshot(x, until)
    union all
    select (running + 1)::text::xid8, following::text::xid8
      from (select running, lead(running, 1, pg_catalog.pg_snapshot_xmax(until)::text::bigint)
                                over (order by running) as following
              from (select pg_catalog.pg_snapshot_xmax(since)::text::bigint - 1 as running
                    union all
                    select x::text::bigint from pg_catalog.pg_snapshot_xip(until) as x
                     where x >= pg_catalog.pg_snapshot_xmax(since)) as cuts) as gaps
     where running + 1 < following
$$;

revoke all on penstock.captured, penstock.slot, penstock.slice, penstock.unlogged_marker from public;
revoke execute on all functions in schema penstock from public;
