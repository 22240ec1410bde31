-- more_table: one more table like employee, whose ids come from the same sequence.
create table :"table" (like employee including all);
