-- stored_slices: the rows of the initial copy that a batch carries, some at a time.
--   $1 text pipeline, $2 bigint epoch, $3 bigint batch, $4 int behind this piece
-- Returns: piece, when it was stored (Unix ms), relation, rows, action ('read', 'delete': the rows'
--   keys, 'truncate': none). A piece is about a megabyte at most, or one row. Reads penstock.slice, penstock.slot.
select p.piece, (select (extract(epoch from min(s.at)) * 1000)::bigint from penstock.slot as s
                  where (s.pipeline, s.epoch, s.batch) = (p.pipeline, p.epoch, p.batch)), p.relation, p.rows,
       p.action
  from penstock.slice as p
 where p.pipeline = $1 and p.epoch = $2 and p.batch = $3 and p.piece > $4
 order by p.piece
 limit 8
