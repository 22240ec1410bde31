-- start_slot: the slot's first row, or one that adds relations.   $1 text pipeline, $2 text[] relations, $3 bool copy what is there
-- By the holder of the 'capture' lock, after the triggers are committed. Writes penstock.slot.
select penstock.start_slot($1, $2::text[], $3)
