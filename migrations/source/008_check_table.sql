-- 008_check_table: what stands in the way of capturing a table, and the cure.
-- Functions: penstock.check_table(relation, key_columns). Tables touched: the catalog alone.
-- Grants: EXECUTE revoked from PUBLIC.

-- check_table: no row: nothing in the way. code: 'privilege', 'row_security', 'json_cast', 'foreign_leaf',
-- 'subscribed', 'planted', 'temporary'.
create function penstock.check_table(relation regclass, key_columns text[]) returns table (code text, message text)
language sql stable
set search_path = pg_catalog, pg_temp
as $$
    -- A re-read and the initial copy need SELECT; the trigger needs TRIGGER (owners have both).
    select 'privilege', format('%s cannot be captured: the role needs %s on it; run  grant %2$s on %1$s to %3$I', relation, p, current_user)
      from unnest(array['select', 'trigger']) as p
     where not has_table_privilege(relation, p)
    union all
    select 'privilege', format('%s cannot be captured: the role needs its schema; run  grant usage on schema %I to %I', relation, n.nspname, current_user)
      from pg_class as c
      join pg_namespace as n on n.oid = c.relnamespace
     where c.oid = relation and not has_schema_privilege(n.oid, 'usage')
    union all
    -- Re-reads and the initial copy would see nothing, and journal what they do not see as deleted.
    select 'row_security', format('%s has row level security that hides rows from %I; run  alter role %2$I bypassrls', relation, current_user)
     where row_security_active(relation)
    union all
    -- An image would run somebody's function with the capture's rights.
    select 'json_cast', format('column %I of %s has type %s, whose cast to %s is a function of a user''s', a.attname, relation,
                               a.atttypid::regtype, c.casttarget::regtype)
      from pg_attribute as a
      join pg_cast as c on c.castsource = a.atttypid and c.castfunc <> 0
                   and (c.casttarget in ('json'::regtype, 'jsonb'::regtype)
                        or c.casttarget = 'text'::regtype and penstock.json_form(a.atttypid) <> 'plain')
      join pg_proc as p on p.oid = c.castfunc
      join pg_namespace as n on n.oid = p.pronamespace
     where a.attrelid = relation and a.attnum > 0 and not a.attisdropped and n.nspname <> 'pg_catalog'
       and not exists (select from pg_depend as d where d.objid = p.oid and d.classid = 'pg_proc'::regclass and d.deptype = 'e')
    union all
    -- A foreign table has no transition tables.
    select 'foreign_leaf', format('partition %s of %s is a foreign table, whose changes no trigger can see; detach it', t.relid::regclass, relation)
      from pg_partition_tree(relation) as t
      join pg_class as c on c.oid = t.relid
     where c.relkind = 'f'
     union all
    -- The worker of a subscription fires no triggers but those enabled always, which only the owner can do.
    select 'subscribed', format('%s is fed by a subscription, which fires only triggers that its owner enabled always; run  grant %I to %I',
                                t.relid::regclass, pg_get_userbyid(c.relowner), current_user)
      from (select relation::oid as relid union select relid from pg_partition_tree(relation)) as t
      join pg_class as c on c.oid = t.relid
     where not pg_has_role(c.relowner, 'usage') and exists (select from pg_subscription_rel as s where s.srrelid = t.relid)
     union all
    select 'planted', format('%s: %s; give that function to a superuser, or take it away', relation, penstock.planted(relation))
     where penstock.planted(relation) is not null
     union all
    -- Each session has its own rows, or they go with it.
    select 'temporary', format('%s is temporary', relation)
      from pg_class as c where c.oid = relation and c.relpersistence = 't'
$$;

revoke execute on all functions in schema penstock from public;
