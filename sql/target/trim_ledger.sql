-- trim_ledger: forgets rejects that were closed more than a week ago.   $1 pipeline, $2 int at most
-- Open ones stay for ever. None can come again: each was committed together with the offsets that lie behind it, and B passes over
-- what lies before its offsets.
-- Returns a row for each. Writes penstock.dead_letter, by the index on resolved_at.
delete from penstock.dead_letter
 where id in (select id
                from penstock.dead_letter
               where pipeline = $1 and state <> 'open' and resolved_at < now() - interval '7 days'
               order by resolved_at
               limit $2)
returning id
