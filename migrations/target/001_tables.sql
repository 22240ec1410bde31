-- 001_tables: what Penstock remembers on the target database B.
-- Tables: penstock.offsets (how far B has come), penstock.dead_letter (the ledger of rejects),
--   penstock.pipeline (the resolved configuration that migrate installed).
-- Functions: penstock.lock_key.

-- Append-only: a row updated in place keeps every version while any transaction of the cluster stays open.
create table penstock.offsets (
    pipeline   text        not null,
    epoch      bigint      not null,
    batch      bigint      not null,
    step       int         not null default 0,   -- above 0: poison was passed between two batches
    nonce      bigint      not null,
    snapshot   pg_snapshot,                      -- A's, that B now reflects
    positions  jsonb       not null default '[]', -- [{"topic","partition","next_offset","epoch","batch","cdc_id","ordinal"}]
    books      jsonb       not null default '{}', -- cumulative {"public.t":{"captured":n,"applied":n,"rejected":n}}
    poison     bigint      not null default 0,    -- cumulative
    applied_at timestamptz not null default clock_timestamp(),
    primary key (pipeline, epoch, batch, step)
);

create table penstock.dead_letter (
    id               bigint generated always as identity primary key,
    pipeline         text   not null,
    epoch            bigint,
    batch            bigint,
    cdc_id           bigint,
    ordinal          int,
    relation         text,
    key              text,
    op               text,
    stage            text   not null check (stage in ('decode', 'rule', 'data', 'constraint', 'drift')),
    rule             text,
    sqlstate         text,
    message          text   not null,
    origin_topic     text   not null,
    origin_partition int    not null,
    origin_offset    bigint not null,
    dlq_topic        text   not null,
    dlq_partition    int    not null,
    dlq_offset       bigint,
    state            text   not null default 'open' check (state in ('open', 'superseded', 'replayed', 'discarded')),
    rejected_at      timestamptz not null default clock_timestamp(),
    resolved_at      timestamptz
);
-- A reject is written down once, however often it is sent: by position, or poison by where it stood.
create unique index dead_letter_position on penstock.dead_letter (pipeline, epoch, batch, cdc_id, ordinal)
    where stage <> 'decode';
create unique index dead_letter_origin on penstock.dead_letter (pipeline, origin_topic, origin_partition, origin_offset)
    where stage = 'decode';
create index dead_letter_open on penstock.dead_letter (pipeline, relation) where state = 'open';
create index dead_letter_closed on penstock.dead_letter (pipeline, resolved_at) where state <> 'open';

create table penstock.pipeline (
    pipeline      text  primary key,
    configuration jsonb not null
);

-- lock_key: the advisory lock of a pipeline for one purpose ('apply', 'migrate').
create function penstock.lock_key(pipeline text, what text) returns bigint
language sql immutable strict parallel safe
as $$ select pg_catalog.hashtextextended('penstock.' || what || '.' || pipeline, 0) $$;

revoke all on penstock.offsets, penstock.dead_letter, penstock.pipeline from public;
revoke execute on all functions in schema penstock from public;
