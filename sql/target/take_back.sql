-- take_back: closes one open reject of a table without a key for each image that A has removed since: such a row never came to B.
--   $1 pipeline, $2 relation, $3 JSON array of images, $4 bool: raise PN001 where there is one, the fast path cannot tell
-- Returns the ordinals, from 1, of the images whose reject was closed. Writes penstock.dead_letter.
with gone as materialized (
    select i as nth, md5(image::text) as key, row_number() over (partition by md5(image::text) order by i) as copy
      from json_array_elements($3::json) with ordinality as e (image, i)),
rejected as (
    select d.id, d.key, row_number() over (partition by d.key order by d.id) as copy
      from penstock.dead_letter as d
     where d.pipeline = $1 and d.relation = $2 and d.state = 'open' and d.stage <> 'decode'
       and d.key in (select key from gone)),
closed as (
    update penstock.dead_letter as d
       set state = 'superseded', resolved_at = clock_timestamp()
      from rejected join gone using (key, copy)
     where d.id = rejected.id
    returning nth)
select nth, case when $4 then penstock.absent() end from closed
