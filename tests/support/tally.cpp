#include "support/tally.hpp"

#include <gtest/gtest.h>

namespace penstock::test {
namespace {

std::string rows_of(Database database) {
  return database.value("select count(*) || md5(string_agg(t::text, ' ' order by t::text)) from tally as t");
}

}  // namespace

void add_tally(Line& line) {
  line.on_both("create table tally (emp_id int, city text)");
  line.a().run(R"(
    create function add_to_tally() returns trigger language plpgsql as $$
    begin
      insert into tally values (new.emp_id, new.city);
      return null;
    end $$;
    create trigger add_to_tally after insert or update on employee_a
      for each row execute function add_to_tally())");
  line.add_tables("[[table]]\nsource = \"public.tally\"\n");
}

void expect_equal_tallies(const Line& line) { EXPECT_EQ(rows_of(line.a()), rows_of(line.b())); }

}  // namespace penstock::test
