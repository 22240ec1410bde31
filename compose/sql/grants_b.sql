-- grants_b: the least that Penstock's role needs on B, where it does not own the target tables. As the database's owner:
--   psql -v role=penstock -v database=hr -v schema=public -v table=employee_b -f compose/sql/grants_b.sql
-- CREATE is for the schema penstock, and is needed until the first `penstock migrate` is done.
grant connect, create on database :"database" to :"role";
grant usage on schema :"schema" to :"role";
grant select, insert, update, delete, truncate on :"schema".:"table" to :"role";
