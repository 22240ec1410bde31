-- audit: an audit trigger with what the PostgreSQL wiki's notes: who, when, from where, by which query, the old row as hstore, and the
-- columns that changed. Its indexes too.
create extension hstore;
create table audit_log (
    event_id          bigserial primary key,
    schema_name       text        not null,
    table_name        text        not null,
    relid             oid         not null,
    session_user_name text,
    at_transaction    timestamptz not null,
    at_statement      timestamptz not null,
    at_clock          timestamptz not null,
    transaction_id    bigint,
    application_name  text,
    client_addr       inet,
    client_port       int,
    client_query      text,
    action            text        not null check (action in ('I', 'U', 'D', 'T')),
    row_data          hstore,
    changed_fields    hstore,
    statement_only    boolean     not null
);
create index on audit_log (relid);
create index on audit_log (at_statement);
create index on audit_log (action);

create function audit_row() returns trigger language plpgsql security definer set search_path = pg_catalog, public as $$
declare
    before hstore;
    after  hstore;
begin
    if tg_op = 'INSERT' then
        before := hstore(new.*);
    else
        before := hstore(old.*);
    end if;
    if tg_op = 'UPDATE' then
        after := hstore(new.*) - before;
        if after = '' then
            return null;
        end if;
    end if;
    insert into audit_log (schema_name, table_name, relid, session_user_name, at_transaction, at_statement, at_clock, transaction_id,
                           application_name, client_addr, client_port, client_query, action, row_data, changed_fields,
                           statement_only)
    values (tg_table_schema, tg_table_name, tg_relid, session_user, current_timestamp, statement_timestamp(), clock_timestamp(),
            txid_current(), current_setting('application_name'), inet_client_addr(), inet_client_port(), current_query(),
            left(tg_op, 1), before, after, false);
    return null;
end $$;
