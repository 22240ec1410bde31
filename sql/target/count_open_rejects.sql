-- count_open_rejects: open rejects a relation.   $1 pipeline
-- Reads penstock.dead_letter.
select relation, count(*)
  from penstock.dead_letter
 where pipeline = $1 and state = 'open' and stage <> 'decode'
 group by relation
