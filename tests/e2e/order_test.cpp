// Commit order against id order, long transactions, big ones.
#include <csignal>
#include <thread>

#include <gtest/gtest.h>

#include "support/line.hpp"
#include "support/writers.hpp"

namespace penstock::test {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

std::string insert_of(int id) {
  return "insert into employee_a values (" + std::to_string(id) + ", 'F', 'L', date '2010-01-01', 'C', 20000)";
}

TEST(CommitOrder, ATransactionThatTakesItsIdFirstAndCommitsLastIsDeliveredAndStallsNobody) {
  Line line;
  line.create_employees();
  line.migrate_and_copy();
  Process replicator = line.start();
  Database late = line.a();
  late.run("begin");
  late.run(insert_of(1));  // its journal row has the lowest id
  const auto begin = Clock::now();
  int written = 0;
  double slowest = 0;
  Database other = line.a();
  Database b = line.b();
  while (Clock::now() - begin < 5s) {
    for (int i = 0; i < 20; ++i) other.run(insert_of(1'000 + written++));
    other.run("insert into employee_a select g, 'F', 'L', date '2010-01-01', 'C', 20000 from generate_series(" +
              std::to_string(1'000 + written) + ", " + std::to_string(1'000 + written + 179) + ") as g");
    written += 180;
    const auto committed = Clock::now();
    ASSERT_TRUE(b.becomes("select count(*) from employee_b", std::to_string(written), 5))
        << "stalled behind the open transaction";
    slowest = std::max(slowest, std::chrono::duration<double>(Clock::now() - committed).count());
  }
  EXPECT_GT(written, 2'000);
  EXPECT_LT(slowest, 1.0);
  EXPECT_EQ(b.number("select count(*) from employee_b where emp_id = 1"), 0);
  late.run("commit");
  EXPECT_TRUE(b.becomes("select count(*) from employee_b where emp_id = 1", "1", 5));
  line.expect_equal();
  EXPECT_EQ(line.book("captured"), written + 1);
  EXPECT_EQ(line.book("applied"), written + 1);
}

TEST(CommitOrder, ATransactionLeftOpenForTheWholeTestDelaysNobody) {
  Line line;
  line.create_employees();
  line.migrate_and_copy();
  Process replicator = line.start();
  Database open = line.a();
  open.run("begin");
  open.run(insert_of(1));
  Database reader = line.a();
  reader.run("begin isolation level repeatable read; select count(*) from employee_a");
  const WriterReport written = write_employees(line.dsn_a(), {.connections = 2, .duration = 4s, .pause = 2ms});
  EXPECT_EQ(written.failed, 0) << written.first_error;
  const auto end = Clock::now();
  const std::string wanted = line.a().value("select count(*) || '/' || sum(salary) from employee_a");
  EXPECT_TRUE(line.b().becomes("select count(*) || '/' || sum(salary) from employee_b", wanted, 5));
  EXPECT_LT(Clock::now() - end, 2s);
  open.run("rollback");
  line.expect_equal();
}

TEST(BigTransactions, AMillionRowUpdateArrivesInUnder256MB) {
  Line line;
  line.create_employees(true);
  line.a().run(
      "insert into employee_a select g, 'First' || g, 'Last' || g, date '2010-01-01', 'Hobart', 20000 from "
      "generate_series(1, 1000000) as g");
  line.migrate();
  Process replicator = line.start();
  ASSERT_TRUE(line.b().becomes("select count(*) from employee_b", "1000000", 120));
  line.a().run("update employee_a set salary = salary + emp_id % 7 + 1");
  const std::string wanted = line.a().value("select sum(salary) from employee_a");
  EXPECT_TRUE(line.b().becomes("select sum(salary) from employee_b", wanted, 180));
  EXPECT_LT(replicator.peak_memory_kb(), 256 * 1024);
  RecordProperty("peak_memory_kb", std::to_string(replicator.peak_memory_kb()));
  std::cout << "peak memory " << replicator.peak_memory_kb() / 1024 << " MB\n";
  EXPECT_EQ(line.run({"verify"}, 120s).code, 0);
}

TEST(Backfill, IsExactWhileTheTableIsWritten) {
  Line line;
  line.create_employees();
  line.a().run(
      "insert into employee_a select g, 'F', 'L', date '2010-01-01', 'C', 20000 from generate_series(1, 100000) as g");
  line.migrate();
  Process replicator = line.start();
  // The writers' keys, 10,000 and up, lie in the middle of the copy.
  const WriterReport written =
      write_employees(line.dsn_a(), {.connections = 4, .duration = 6s, .bad_share = 0.02, .pause = 1ms});
  EXPECT_EQ(written.failed, 0) << written.first_error;
  line.expect_equal();
  EXPECT_EQ(line.book("unaccounted"), 0);
}

}  // namespace
}  // namespace penstock::test
