-- server_problems: what of a server's settings would stop a pipeline.   $1 bool it is A
-- Returns: problem with its cure; none: all is well. Reads settings, pg_db_role_setting.
select 'PostgreSQL 13 or newer is needed, and this is ' || current_setting('server_version')
 where current_setting('server_version_num')::int < 130000
 union all
select 'it is a standby, which cannot be written: let the dsn name the primary'
 where pg_is_in_recovery()
 union all
select format('default_transaction_read_only is on for %I; run  alter role %1$I set default_transaction_read_only = off', current_user)
 where current_setting('default_transaction_read_only')::bool and not pg_is_in_recovery()
 union all
-- What such a session writes no trigger sees.
select format('session_replication_role is replica for %s: triggers do not fire for what it writes; run  alter %1$s reset '
              'session_replication_role', case when s.setrole = 0 then 'database ' || quote_ident(d.datname)
                                              else 'role ' || quote_ident(r.rolname) end)
  from pg_db_role_setting as s
  left join pg_roles as r on r.oid = s.setrole
  left join pg_database as d on d.oid = s.setdatabase
 where $1 and 'session_replication_role=replica' = any (s.setconfig) and s.setdatabase in (0, (select oid from pg_database
       where datname = current_database()))
