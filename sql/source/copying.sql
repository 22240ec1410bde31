-- copying: the relations that are being copied, at first or again, or are to be.   $1 text pipeline
-- Returns: relation. Reads penstock.slot, penstock.request.
select b.key
  from (select backfill from penstock.slot where pipeline = $1 order by epoch desc, batch desc, step desc limit 1) as s
 cross join lateral jsonb_each(s.backfill) as b
 where not (b.value ->> 'done')::boolean
union
select relation from penstock.request where pipeline = $1
