-- insert_offsets: the fence.   $1 pipeline; $2-$5 epoch, batch, step, nonce of the row that must be B's newest (NULL: none);
--   $6-$9 the same of the new row; $10 snapshot, $11 positions, $12 books, $13 poison
-- Writes penstock.offsets, first in a batch's transaction. Raises PN002 when B's newest row is another one. Two
-- sessions that both see the same newest row meet at the primary key.
with newest as (
    select epoch, batch, step, nonce
      from penstock.offsets
     where pipeline = $1
     order by epoch desc, batch desc, step desc
     limit 1),
inserted as (
    insert into penstock.offsets (pipeline, epoch, batch, step, nonce, snapshot, positions, books, poison)
    select $1, $6, $7, $8, $9, nullif($10, '')::pg_snapshot, $11::jsonb, $12::jsonb, $13
     where row((select epoch from newest), (select batch from newest), (select step from newest), (select nonce from newest))
           is not distinct from row($2::bigint, $3::bigint, $4::int, $5::bigint)
    returning 1)
select case when exists (select from inserted) then true else penstock.fenced() end
