-- explained_keys: which of the keys have an open reject.   $1 text pipeline, $2 text relation, $3 text[] key objects
-- Reads penstock.dead_letter.
select distinct key from penstock.dead_letter
 where pipeline = $1 and relation = $2 and state = 'open' and key = any ($3::text[])
