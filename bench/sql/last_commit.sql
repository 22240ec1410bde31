-- last_commit: when the last of the transactions that wrote the rows was committed, in milliseconds since 1970.
select extract(epoch from max(pg_xact_commit_timestamp(xmin))) * 1000 from (select distinct xmin from :"table") as written;
