-- explained_rows: how many open rejects explain that rows of a table without a key are missing.
--   $1 text pipeline, $2 text relation, $3 text[] what the rows are called, $4 text[] for each the md5s of its images ("{…}")
-- Returns: name, open rejects. Reads penstock.dead_letter.
select s.name, count(*)
  from (select name, unnest(images::text[]) as key from unnest($3::text[], $4::text[]) as u (name, images)) as s
  join penstock.dead_letter as d on d.key = s.key
 where d.pipeline = $1 and d.relation = $2 and d.state = 'open'
 group by s.name
