#include "fault/copies.hpp"

namespace penstock::test {
namespace {

constexpr const char* kCopies = R"(
    create table copies (emp_id int, city text);
    create index on copies (emp_id))";
constexpr const char* kKeepCopies = R"(
    create function keep_copies() returns trigger language plpgsql as $$
    begin
      if tg_op = 'INSERT' then
        insert into copies values (new.emp_id, new.city), (new.emp_id, new.city);
      elsif tg_op = 'UPDATE' then
        update copies set city = new.city where ctid = (select min(ctid) from copies where emp_id = old.emp_id);
      else
        delete from copies where ctid = (select min(ctid) from copies where emp_id = old.emp_id);
      end if;
      return null;
    end $$;
    create trigger keep_copies after insert or update or delete on employee_a
      for each row execute function keep_copies())";

}  // namespace

void create_copies(Line& line) {
  line.on_both(kCopies);
  line.a().run(kKeepCopies);
  line.add_tables("[[table]]\nsource = \"public.copies\"\n");
}

std::string rows_of_copies(Database database) {
  return database.value("select count(*) || md5(string_agg(t::text, ' ' order by t::text)) from copies as t");
}

}  // namespace penstock::test
