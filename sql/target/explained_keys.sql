-- explained_keys: how many open rejects each of the keys has; none, and it is left out.
--   $1 text pipeline, $2 text relation, $3 text[] key objects
-- Reads penstock.dead_letter.
select key, count(*) from penstock.dead_letter
 where pipeline = $1 and relation = $2 and state = 'open' and key = any ($3::text[])
 group by key
