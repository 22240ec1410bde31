-- 005_partition_offsets: what B remembers under consistency = "key", where partitions move independently.
-- Tables: penstock.partition_offsets (how far B has come in each partition), penstock.truncated (which TRUNCATE it executed last).
-- Functions: penstock.truncated_meanwhile, penstock.emptying_sql. Tables read: pg_constraint, pg_attribute.
-- Grants: EXECUTE revoked from PUBLIC.

-- Append-only, like penstock.offsets. The key is where a row begins, not where it ends: of two appliers that build on the same
-- row, with more or less in hand, one is turned away.
create table penstock.partition_offsets (
    pipeline     text        not null,
    topic        text        not null,
    partition    int         not null,
    first_offset bigint      not null,              -- the predecessor's next_offset
    next_offset  bigint      not null,
    epoch        bigint      not null,              -- the highest position taken, its batch's nonce,
    batch        bigint      not null,
    cdc_id       bigint      not null,
    ordinal      int         not null,
    nonce        bigint      not null,
    count        bigint      not null,              -- how many records of that batch were taken here,
    ended        boolean     not null,              -- and whether its last one was among them
    last_record  text,                              -- the record before next_offset; '' is poison, null is of another life of A
    chain        jsonb       not null default '[]', -- [[epoch,batch,nonce]] of the batches this row took something of
    snapshot     pg_snapshot,                       -- A's, of the last end mark
    taken        bigint      not null,              -- cumulative, in changes: taken = applied + rejected
    applied      bigint      not null,
    rejected     bigint      not null,
    poison       bigint      not null,              -- cumulative
    applied_at   timestamptz not null default clock_timestamp(),
    primary key (pipeline, topic, partition, first_offset)
);

-- A TRUNCATE comes once a partition. Whoever meets it first executes it, and notes it here for the others.
create table penstock.truncated (
    pipeline text   not null,
    relation text   not null,
    epoch    bigint not null,
    batch    bigint not null,
    cdc_id   bigint not null,
    ordinal  int    not null,
    txid     bigint not null,                       -- A's transaction
    primary key (pipeline, relation)
);

-- truncated_meanwhile: ends a transaction whose applier does not know yet what was truncated.
create function penstock.truncated_meanwhile() returns boolean
language plpgsql volatile
as $$ begin raise exception 'another applier executed a TRUNCATE' using errcode = 'PN003'; end $$;

-- emptying_sql: how to empty a table that foreign keys of others refer to, which TRUNCATE would not do; NULL where none does.
--   target    the table
--   emptied   tables that A truncated with it, or since, and that B has truncated
-- A row of those that refers to one here refers to what A wrote behind the TRUNCATE: the row stays until that comes and is written over
-- it. Rows of other tables that refer make the statement fail, as long as there are any.
create function penstock.emptying_sql(target text, emptied text[]) returns text
language sql stable
set search_path = pg_catalog, pg_temp
as $$
    select format('delete from %s%s as penstock_t where true%s', case r.relkind when 'p' then '' else 'only ' end, r.oid::regclass,
                  string_agg(case when f.conrelid = any (emptied::regclass[]) then
                      format(' and not exists (select from %s as penstock_r where %s)', f.conrelid::regclass,
                             (select string_agg(format('penstock_r.%I = penstock_t.%I', a.attname, b.attname), ' and ')
                                from unnest(f.conkey, f.confkey) as u (referring, referred)
                                join pg_attribute as a on a.attrelid = f.conrelid and a.attnum = referring
                                join pg_attribute as b on b.attrelid = f.confrelid and b.attnum = referred)) end, ''))
      from pg_class as r
      join pg_constraint as f on f.confrelid = r.oid and f.contype = 'f' and f.conrelid <> f.confrelid and f.conparentid = 0
     where r.oid = target::regclass
     group by r.oid, r.relkind
$$;

revoke execute on all functions in schema penstock from public;
