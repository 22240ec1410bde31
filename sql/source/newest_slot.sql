-- newest_slot: where a pipeline stands.   $1 text pipeline
-- Returns: epoch, batch, step, kind, nonce, previous_nonce, acked, open, last_id, last_ordinal, captured, the relations whose
--   initial copy is not done (one a line), whether slices are stored with the batch, whether A's transaction ids are where the
--   slot left them or beyond (not so: another life of A, a dump restored), the relations with rows that were asked for by key.
-- Reads penstock.slot (backward scan of its primary key), penstock.slice.
select s.epoch, s.batch, s.step, s.kind, s.nonce, s.previous_nonce, s.acked, s.open, s.last_id, s.last_ordinal, s.captured,
       coalesce((select string_agg(b.key, e'\n' order by b.key) from jsonb_each(s.backfill) as b
                  where not (b.value ->> 'done')::boolean
                    and exists (select from penstock.captured as c where (c.pipeline, c.relation) = (s.pipeline, b.key))), ''),
       exists (select from penstock.slice as p where (p.pipeline, p.epoch, p.batch) = (s.pipeline, s.epoch, s.batch)),
       pg_snapshot_xmax(pg_current_snapshot()) >= pg_snapshot_xmax(s.open),
       coalesce((select string_agg(distinct r.relation, e'\n') from penstock.request as r
                  where r.pipeline = s.pipeline and r.key is not null), '')
  from penstock.slot as s
 where s.pipeline = $1
 order by s.epoch desc, s.batch desc, s.step desc
 limit 1
