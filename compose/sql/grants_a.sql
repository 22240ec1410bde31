-- grants_a: the least that Penstock's role needs on A, where it does not own the captured tables. As the database's owner:
--   psql -v role=penstock -v database=hr -v schema=public -v table=employee_a -f compose/sql/grants_a.sql
-- CREATE is for the schema penstock, and is needed until the first `penstock migrate` is done. A table's key without a unique
-- index, and a table fed by a subscription, need the table's owner: migrate and doctor say so.
grant connect, create on database :"database" to :"role";
grant usage on schema :"schema" to :"role";
grant select, trigger on :"schema".:"table" to :"role";
