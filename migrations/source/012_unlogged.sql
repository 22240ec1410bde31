-- 012_unlogged: what a crash of A does to unlogged tables. Functions: penstock.files_of, penstock.notice_crash.
-- Tables touched: penstock.unlogged_marker, penstock.captured, penstock.request, the journal (insert).
-- Grants: EXECUTE revoked from PUBLIC.
--
-- A crash (or the promotion of a standby) empties every unlogged table, and no trigger fires. It empties
-- penstock.unlogged_marker as well, which holds a row a pipeline from its installation on. Who finds the row gone writes it
-- anew, and in the same transaction journals a TRUNCATE of each table that the crash may have emptied, and asks for the table to be
-- copied again. The reader looks when it connects (the crash cut its connection) and every few seconds.
--
-- Why B becomes exact, and no writer has to look or wait. Rows written after the crash, and journaled before that TRUNCATE,
-- are lost with it on B; but they are in the table, or a change behind them is in the journal, and the copy reads
-- the table in a later snapshot than the TRUNCATE's: the request is seen only by who sees the TRUNCATE, which is then in the copy's batch
-- or an earlier one, and slices travel behind their batch's changes. What commits later lies in a later batch, and is applied behind
-- the TRUNCATE whatever its id. If the inserter rolls back, or A crashes before its commit, marker, TRUNCATE and
-- request are gone together; if A crashes behind it, the marker alone is gone, and everything is done once more.
--
-- A table may have been made logged since the crash, while nobody looked: that gives it a new file. So a table whose
-- file is not the one last noted counts as well; at worst it is copied without need.
-- A prepared transaction survives a crash, its rows in unlogged tables do not: what it journaled of them is left to `verify`.

-- files_of: the files of a table and of its partitions, {"oid": file}; those that a crash empties, too.
create function penstock.files_of(root oid, out files jsonb, out unlogged boolean)
language sql stable
set search_path = pg_catalog, pg_temp
as $$
    select coalesce(jsonb_object_agg(c.oid, pg_relation_filenode(c.oid)), '{}'),
           coalesce(bool_or(c.relpersistence = 'u' and c.relkind = 'r'), false)
      from pg_class as c
     where c.oid = root or c.oid in (select relid from pg_partition_tree(root))
$$;

-- notice_crash: called now and then, by anybody. Returns what it found, a message a table.
create function penstock.notice_crash(of_pipeline text) returns table (message text)
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    emptied text;
begin
    -- Whoever comes second waits for the first, and finds it done.
    insert into penstock.unlogged_marker (pipeline) values (of_pipeline) on conflict do nothing;
    if found then
        for emptied in
            select c.relation
              from penstock.captured as c cross join lateral penstock.files_of(c.root) as now
             where c.pipeline = of_pipeline
               and (now.unlogged or exists (select from jsonb_each(now.files) as f where c.files -> f.key <> f.value))
             order by c.relation
        loop
            perform penstock.journal_truncate(of_pipeline, emptied);
            perform penstock.request_table(of_pipeline, emptied, null);
            message := format('%s may have been emptied by a crash of A: its copy is emptied as well, and copied anew', emptied);
            return next;
        end loop;
    end if;
    update penstock.captured as c set files = now.files
      from penstock.captured as o cross join lateral penstock.files_of(o.root) as now
     where c.pipeline = of_pipeline and (o.pipeline, o.relation) = (c.pipeline, c.relation)
       and c.files is distinct from now.files;
end
$$;

revoke execute on all functions in schema penstock from public;
