-- ways: how a way to capture is put on a table and taken off, and how much it has written.
-- Triggers are created and dropped, not disabled: a disabled trigger with a transition table still has it filled.

create function attach(way text, target regclass) returns void language plpgsql as $$
begin
    case
        when way in ('penstock', 'penstock_unguarded') then
            perform penstock.capture_table('bench', target, null);
            if way = 'penstock_unguarded' then
                perform unguard(target);
            end if;
        when way = 'row' then
            execute format('create trigger way after insert or update or delete on %s for each row execute function log_row()', target);
        when way = 'notify' then
            execute format('create trigger way after insert or update or delete on %s for each row execute function log_row(row_log)',
                           target);
        when way = 'pgq' then
            execute format('create trigger way after insert or update or delete on %s for each row
                            execute function pgq.logutriga(bench)', target);
        when way = 'audit' then
            execute format('create trigger way after insert or update or delete on %s for each row execute function audit_row()', target);
        else null;
    end case;
end $$;

create function detach(way text, target regclass) returns void language plpgsql as $$
begin
    if way in ('penstock', 'penstock_unguarded') then
        perform penstock.release_table('bench', format('public.%s', target));
    else
        execute format('drop trigger if exists way on %s', target);
    end if;
end $$;

-- logs_of: the tables a way writes to.
create function logs_of(way text) returns setof regclass language sql as $$
    select c.oid::regclass
      from pg_class as c
     where c.relkind = 'r'
       and (c.oid::regclass)::text ~ case when way like 'penstock%' then '^penstock.bench_cdc_[0-9]+$'
                                          when way in ('row', 'notify') then '^row_log$'
                                          when way = 'pgq' then '^pgq.event_[0-9]+_[0-9]+$'
                                          when way = 'audit' then '^audit_log$'
                                          else '^$' end
$$;

-- log_bytes: what they hold, indexes and TOAST included, less what these take when empty. Pages without a row do not count:
-- writers that wait for each other extend a table by up to 512 at once, which a short run leaves unused.
create function log_bytes(way text) returns bigint language plpgsql as $$
declare
    log   regclass;
    held  bigint;
    total bigint := 0;
begin
    for log in select logs_of(way) loop
        execute format('select count(distinct (ctid::text::point)[0]) from %s', log) into held;
        total := total + held * 8192 + (
            select pg_indexes_size(log) + coalesce(pg_total_relation_size(nullif(c.reltoastrelid, 0)), 0)
                   - 8192 * (select count(*) from pg_index as i where i.indrelid in (log, c.reltoastrelid))
              from pg_class as c where c.oid = log);
    end loop;
    return total;
end $$;

create function clear_logs(way text) returns void language plpgsql as $$
declare
    log regclass;
begin
    for log in select logs_of(way) loop
        execute format('truncate %s', log);
    end loop;
end $$;
