-- unknown_to_slot: relations that the slot has no entry for; all of them where there is no slot.
--   $1 text pipeline, $2 text[] relations
-- Returns: relation. Reads penstock.slot.
with newest as (
    select backfill from penstock.slot where pipeline = $1 order by epoch desc, batch desc, step desc limit 1)
select r from unnest($2::text[]) with ordinality as u (r, i)
 where not exists (select from newest where backfill ? r)
 order by i
