-- stage_wide: makes the rows of a size ready, so that making them is no part of what is measured. Hexadecimal digits of hashes,
-- which no compression of PostgreSQL's makes smaller.   $1 how many rows  $2 bytes of the body of each
create table staged as
select i, (select left(string_agg(md5(i || ' ' || part), ''), $2::int) from generate_series(0, $2::int / 32) part) as body
from generate_series(1, $1::int) i;
