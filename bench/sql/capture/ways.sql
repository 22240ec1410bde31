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

-- log_bytes: what they hold, indexes and TOAST included, less what they take when empty.
create function log_bytes(way text) returns bigint language sql as $$
    select coalesce(sum(pg_total_relation_size(l)) - sum(8192 * (select count(*) from pg_index as i
                     where i.indrelid in (l, (select reltoastrelid from pg_class where oid = l)))), 0)::bigint
      from logs_of(way) as l
$$;

create function clear_logs(way text) returns void language plpgsql as $$
declare
    log regclass;
begin
    for log in select logs_of(way) loop
        execute format('truncate %s', log);
    end loop;
end $$;
