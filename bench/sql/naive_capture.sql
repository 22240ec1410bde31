-- naive_capture: change capture as it is usually written first: a row trigger, a change table with a serial, NOTIFY in every
-- commit. It is what the rival "naive" runs on, and not a model: ids are drawn in another order than transactions commit,
-- so `id > last` skips rows of concurrent writers, and NOTIFY makes commits wait for each other.
create table employee_changes (id bigserial primary key, op text not null, employee jsonb not null);

create function capture_employee() returns trigger language plpgsql as $$
begin
  if tg_op = 'DELETE' then
    insert into employee_changes (op, employee) values (tg_op, to_jsonb(old));
  else
    insert into employee_changes (op, employee) values (tg_op, to_jsonb(new));
  end if;
  perform pg_notify('employee_changes', '');
  return null;
end $$;

create trigger capture_employee after insert or update or delete on employee
for each row execute function capture_employee();
