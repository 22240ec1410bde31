-- row: a row trigger that writes each changed row as JSON into a table; with NOTIFY in every commit where its argument says so.
create table row_log (
    id         bigserial primary key,
    txid       xid8        not null default pg_current_xact_id(),
    changed_at timestamptz not null default clock_timestamp(),
    relation   text        not null,
    action     text        not null,
    changed    json        not null
);

create function log_row() returns trigger language plpgsql as $$
begin
    if tg_op = 'DELETE' then
        insert into row_log (relation, action, changed) values (tg_table_name, tg_op, row_to_json(old));
    else
        insert into row_log (relation, action, changed) values (tg_table_name, tg_op, row_to_json(new));
    end if;
    if tg_nargs > 0 then
        perform pg_notify(tg_argv[0], '');
    end if;
    return null;
end $$;
