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

// It sees both: the row that is gone, and its own. In tables that are captured by statements, through a partition, by
// rows, and whose key has another name by now.
TEST(Order, ATransactionOfRepeatableReadPutsARowWhereAnotherHasDeletedOneSince) {
  Line line;
  const std::vector<std::string> tables{"t", "p", "h", "r"};
  std::string configuration;
  for (const auto& table : tables) {
    line.on_both("create table " + table + " (id int primary key, v text)" +
                 (table == "p" ? " partition by range (id); create table p_1 partition of p default" : ""));
    configuration += "[[table]]\nsource = \"public." + table + "\"\n";
  }
  line.a().run("create table heir () inherits (h)");
  line.configure(configuration);
  line.migrate_and_copy();
  for (const auto& table : tables)
    line.a().run("insert into " + table + " select g, 'old' from generate_series(1, 4) g");
  line.a().run("alter table r rename column id to number");

  Database writer = line.a();
  writer.run("begin isolation level repeatable read; select from t");
  for (const auto& table : tables) line.a().run("delete from " + table);
  const auto write = [&](const std::string& table, const std::string& id) {
    writer.run("insert into " + table + " values (9, 'first'); insert into " + table +
               " values (1, 'new'), (2, 'new')");
    writer.run("insert into " + table + " values (3, 'newer'); delete from " + table + " where v = 'newer'");
    writer.run("savepoint s; insert into " + table + " values (4, 'new'); release s; update " + table + " set " + id +
               " = 5 where v = 'new' and " + id + " = 2");
  };
  for (const auto& table : {"t", "p_1", "h"}) write(table, "id");
  write("r", "number");
  writer.run("commit");
  line.a().run("alter table r rename column number to id");
  line.expect_all_equal({"t", "p", "only h", "r"});
  EXPECT_EQ(line.b().value("select string_agg(id || v, ' ' order by id) from t"), "1new 4new 5new 9first");
}

}  // namespace
}  // namespace penstock::test
