-- may_replicate: whether this role may switch triggers off for a transaction (PostgreSQL 15 or newer; before, superusers alone).
-- Returns: whether, and the GRANT to run if not. Reads the catalog.
select has_parameter_privilege('session_replication_role', 'set'),
       format('grant set on parameter session_replication_role to %I;', current_user)
