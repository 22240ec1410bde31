// The journal emptied by hand: what was in it and not yet read is lost, but not without a word.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/line.hpp"

namespace penstock::test {
namespace {

using testing::AllOf;
using testing::HasSubstr;

void insert(const Line& line, int id) {
  line.a().run("insert into employee_a values (" + std::to_string(id) + ", 'F', 'L', date '2010-01-01', 'C', 20000)");
}

TEST(JournalByHand, MakesTheTablesDoubtfulWhoseChangesWereNotRead) {
  Line line;
  line.create_employees();
  line.on_both("create table quiet (id int primary key)");
  line.add_tables("[[table]]\nsource = \"public.quiet\"\n");
  line.migrate_and_copy();
  int id = 0;
  insert(line, ++id);
  line.a().run("insert into quiet values (1)");
  line.once();
  // What was read is nobody's loss.
  line.admin_a().run("truncate penstock.emp_cdc");
  EXPECT_EQ(line.run({"status"}).code, 0);

  for (const char* by_hand : {"truncate penstock.emp_cdc", "delete from penstock.emp_cdc"}) {
    insert(line, ++id);
    line.admin_a().run(by_hand);
    insert(line, ++id);
    line.once();
    const Finished status = line.run({"status"});
    EXPECT_EQ(status.code, 1) << status.out;
    EXPECT_THAT(status.out, AllOf(HasSubstr("public.employee_a: changes of it were taken out of the journal by hand"),
                                  HasSubstr("run `penstock backfill public.employee_a`"),
                                  testing::Not(HasSubstr("public.quiet:"))));
    EXPECT_THAT(line.log(), HasSubstr("taken out of the journal by hand"));
    EXPECT_EQ(line.run({"backfill", "public.employee_a", "--no-wait"}).code, 0);
    line.once();
    EXPECT_EQ(line.b().number("select count(*) from employee_b"), id);
  }
  line.expect_equal();
}

}  // namespace
}  // namespace penstock::test
