#pragma once
// A table without a key, where whatever is applied twice, or not at all, changes the number of equal rows: two copies
// of each employee, one of which follows his changes.
#include <string>

#include "support/line.hpp"

namespace penstock::test {

// On both sides, and kept by a trigger on A.
inline void create_copies(const Line& line) {
  const std::string table = R"(
    create table copies (emp_id int, city text);
    create index on copies (emp_id))";
  line.a().run(table);
  line.b().run(table);
  line.a().run(R"(
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
      for each row execute function keep_copies())");
}

inline std::string rows_of_copies(Database database) {
  return database.value("select count(*) || md5(string_agg(t::text, ' ' order by t::text)) from copies as t");
}

// What [kafka] and the tables say, for Line::configure() behind create_employees(): the first users' table with its
// rules, and the copies.
inline std::string employees_in_partitions(int partitions) {
  return "partitions = " + std::to_string(partitions) + R"(
[[table]]
source = "public.employee_a"
target = "public.employee_b"
key = ["emp_id"]
[[table]]
source = "public.copies"
[[rule]]
table = "public.employee_a"
name = "born_after_2007"
check = "dob >= date '2008-01-01'"
[[rule]]
table = "public.employee_a"
name = "salary_above_10000"
check = "salary > 10000"
[[rule]]
table = "public.employee_a"
name = "no_negative_id"
check = "emp_id >= 0"
)";
}

inline constexpr const char* kByKey = "consistency = \"key\"\n";

}  // namespace penstock::test
