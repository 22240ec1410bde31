-- newest_slot: where a pipeline stands.   $1 text pipeline
-- Returns: epoch, batch, step, kind, nonce, previous_nonce, acked, open, last_id, last_ordinal, captured, the relations whose
--   copy is not done (one a line; those that others refer to first), whether slices are stored with the batch, whether A's
--   transaction ids are where the slot left them or beyond and its cluster is the slot's (not so: another life of A, a dump
--   restored), the relations with rows that were asked for by key (those asked for first come first), when the row was written.
-- Reads penstock.slot (backward scan of its primary key), penstock.slice, pg_constraint.
with recursive refers as (
    select distinct f.conrelid as root, f.confrelid as to_root from pg_constraint as f
     where f.contype = 'f' and f.conrelid <> f.confrelid),
-- The tables that a table refers to, through others too: more than each of those has itself, but for those in a ring with it.
reach as (
    select r.root, r.to_root from refers as r where r.root in (select root from penstock.captured where pipeline = $1)
    union
    select r.root, f.to_root from reach as r join refers as f on f.root = r.to_root)
select s.epoch, s.batch, s.step, s.kind, s.nonce, s.previous_nonce, s.acked, s.open, s.last_id, s.last_ordinal, s.captured,
       coalesce((select string_agg(c.relation, e'\n' order by (select count(*) from reach as r
                                                              where r.root = c.root and r.to_root <> c.root), c.relation)
                   from penstock.captured as c
                  where c.pipeline = s.pipeline and not (s.backfill -> c.relation ->> 'done')::boolean), ''),
       exists (select from penstock.slice as p where (p.pipeline, p.epoch, p.batch) = (s.pipeline, s.epoch, s.batch)),
       pg_snapshot_xmax(pg_current_snapshot()) >= pg_snapshot_xmax(s.open) and s.system = penstock.this_system(),
       coalesce((select string_agg(r.relation, e'\n' order by r.first)
                   from (select relation, min(id) as first from penstock.request
                          where pipeline = s.pipeline and key is not null group by relation) as r), ''),
       to_char(s.at at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS "UTC"')
  from penstock.slot as s
 where s.pipeline = $1
 order by s.epoch desc, s.batch desc, s.step desc
 limit 1
