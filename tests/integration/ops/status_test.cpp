// status: the books, and what is said of the parts.
#include <csignal>
#include <thread>

#include "integration/ops/ops_test.hpp"

namespace penstock::test {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

TEST(Status, CountsChangesAndSaysWhatEachPartDoes) {
  Line line;
  line.create_employees();
  line.migrate_and_copy();
  const Finished stopped = line.run({"status", "--json"});
  EXPECT_EQ(stopped.code, 0);
  EXPECT_THAT(stopped.out, HasSubstr(R"("pipeline":"emp","state":"stopped")"));
  line.a().run(
      "insert into employee_a select g, 'F', 'L', date '2010-01-01', 'C', case when g = 3 then 1 else 20000 end from "
      "generate_series(1, 10) as g; update employee_a set salary = 30000 where emp_id < 3; delete from employee_a "
      "where emp_id = 9");
  // Not opened in a batch yet: neither captured nor lost.
  EXPECT_THAT(line.run({"status", "--json"}).out, HasSubstr(R"("lag_changes":13)"));
  Process replicator = line.start();
  // Not by `run --once`, which would take the locks when it is the first to ask.
  ASSERT_TRUE(line.b().becomes("select count(*) from employee_b", "8", 20));
  const Finished now = line.run({"status", "--json"});
  EXPECT_EQ(now.code, 0);
  EXPECT_THAT(now.out,
              HasSubstr(R"("captured":13,"applied":12,"rejected":1,"filtered":0,"in_flight":0,"unaccounted":0)"));
  EXPECT_THAT(now.out, HasSubstr(R"("state":"idle")"));
  EXPECT_THAT(now.out, HasSubstr(R"("lag_seconds":0.000)"));
  const Finished text = line.run({"status"});
  EXPECT_THAT(text.out, HasSubstr("pipeline emp: idle"));
  EXPECT_THAT(text.out, HasSubstr("public.employee_a"));
  replicator.send(SIGTERM);
  replicator.wait(10s);
}

TEST(Status, WhatBHasNotHeardOfIsInFlightNeverUnaccounted) {
  Line line;
  create_one(line);
  line.migrate_and_copy();
  Process capture = line.start("capture");
  line.a().run("insert into one select g, g from generate_series(1, 500) as g");
  ASSERT_TRUE(line.admin_a().becomes(
      "select captured ->> 'public.one' from penstock.slot order by epoch desc, batch desc, step desc limit 1", "500",
      10));
  const Finished status = line.run({"status", "--json"});
  EXPECT_EQ(status.code, 0) << status.out;
  EXPECT_THAT(status.out,
              HasSubstr(R"("captured":500,"applied":0,"rejected":0,"filtered":0,"in_flight":500,"unaccounted":0)"));
  EXPECT_THAT(status.out, HasSubstr(R"("capture":"up","apply":"down")"));
}

TEST(Status, ChangesThatNobodyAppliesForLongAreAnAlarm) {
  Line line;
  create_one(line);
  line.migrate_and_copy();
  Process capture = line.start("capture");
  line.a().run("insert into one values (1, 1)");
  line.admin_a().run("select pg_sleep(11)");
  const Finished status = line.run({"status", "--json"});
  EXPECT_EQ(status.code, 1) << status.out;
  EXPECT_THAT(status.out, HasSubstr(R"("state":"stalled")"));
}

TEST(Status, MissingBooksAreAnAlarm) {
  Line line;
  create_one(line);
  line.migrate_and_copy();
  line.a().run("insert into one values (1, 1)");
  line.once();
  line.admin_b().run(
      "update penstock.offsets set books = jsonb_set(books, '{public.one,applied}', '0') where batch = (select "
      "max(batch) "
      "from penstock.offsets)");
  const Finished status = line.run({"status", "--json"});
  EXPECT_EQ(status.code, 1) << status.out;
  EXPECT_THAT(status.out, HasSubstr(R"("unaccounted":1)"));
}

TEST(Status, BeforeMigrateIsExit2AndAnUnreachableServerIsExit3) {
  Line line;
  create_one(line);
  const Finished before = line.run({"status"});
  EXPECT_EQ(before.code, 2);
  EXPECT_THAT(before.err, HasSubstr("run `penstock migrate`"));
  line.migrate();
  edit(line, line.servers().b.substr(line.servers().b.rfind(':')).substr(0, 6), ":1");
  EXPECT_EQ(line.run({"status"}).code, 3);
}

}  // namespace
}  // namespace penstock::test
