-- wide_table: rows of any size.
alter table employee add column body text;
