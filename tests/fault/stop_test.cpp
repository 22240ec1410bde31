// SIGTERM in every state: the program ends by itself within 10 s, with exit 0, and nothing is lost; a second one ends
// it at once.
#include <csignal>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "fault/copies.hpp"
#include "fault/load.hpp"
#include "support/line.hpp"
#include "support/own_server.hpp"

namespace penstock::test {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

void prepare(Line& line) {
  line.create_employees();
  create_copies(line);
  line.migrate_and_copy();
}

void expect_end(Process& process, std::chrono::milliseconds within = 10s) {
  process.send(SIGTERM);
  EXPECT_EQ(process.wait(within), 0);
}

void expect_same(Line& line) {
  line.expect_equal();
  EXPECT_EQ(rows_of_copies(line.a()), rows_of_copies(line.b()));
}

void insert_many(Line& line, int rows, int from) {
  line.a().run("insert into employee_a select g, 'F', 'L', date '2010-01-01', 'C', 20000 from generate_series(" +
               std::to_string(from) + ", " + std::to_string(from + rows - 1) + ") as g");
}

TEST(Stop, WhileItWaitsForAServer) {
  const OwnServer a("a"), b("b"), kafka("kafka");
  Line line({a.servers.a, b.servers.b, kafka.servers.kafka});
  prepare(line);
  int rows = 0;
  const auto stop_without = [&](const OwnServer& server, const std::string& said) {
    Process running = line.start();
    insert_many(line, 1, 900'000 + ++rows);
    EXPECT_TRUE(line.b().becomes("select count(*) from employee_b", std::to_string(rows), 10));
    server.kill();
    if (&server != &a) line.a().run("update employee_a set city = 'D'");  // a batch in hand
    EXPECT_TRUE(line.logs(said, 20s));
    expect_end(running);
    // One that never saw the server.
    Process fresh = line.start(&server == &a ? "capture" : "apply");
    std::this_thread::sleep_for(500ms);
    expect_end(fresh);
    server.start();
  };
  stop_without(a, "capture: A");
  stop_without(b, "apply: B");
  stop_without(kafka, "no broker answers");
  expect_same(line);
}

TEST(Stop, ASecondTimeItEndsAtOnce) {
  const OwnServer kafka("kafka");
  Line line(kafka.servers);
  prepare(line);
  Process running = line.start();
  kafka.kill();
  insert_many(line, 100, 1);
  EXPECT_TRUE(line.logs("no broker answers", 10s));
  running.send(SIGTERM);
  EXPECT_EQ(running.wait(2s), std::nullopt) << "there is a batch in hand";
  running.send(SIGTERM);
  EXPECT_EQ(running.wait(1s), 0);
  kafka.start();
  expect_same(line);
}

TEST(Stop, IdleStandingByCopyingAndInABigBatch) {
  Line line;
  line.create_employees();
  insert_many(line, 60'000, 100'000);
  create_copies(line);
  line.migrate();
  // Copying.
  Process copying = line.start();
  EXPECT_TRUE(line.b().becomes("select exists (select from employee_b)", "t", 20));
  expect_end(copying);
  EXPECT_LT(line.b().number("select count(*) from employee_b"), 60'000);
  line.once();
  // A batch of many pieces, in the middle of its transaction.
  Process busy = line.start();
  Process standing_by = line.start();
  EXPECT_TRUE(line.logs("standing by", 10s));
  expect_end(standing_by, 3s);
  Load load(line);
  insert_many(line, 10'000, 200'000);
  EXPECT_TRUE(line.admin_b().becomes(
      "select exists (select from pg_stat_activity where datname = current_database() and (state like 'idle in "
      "transaction%' or (state = 'active' and query like '%employee_b%' and pid <> pg_backend_pid())))",
      "t", 20));
  expect_end(busy);
  EXPECT_EQ(load.stop().failed, 0);
  line.once();
  // Of this database: others on the server are other tests'.
  const std::string locked =
      "select count(*) > 0 from pg_locks join pg_database as d on d.oid = database and datname = current_database() "
      "where locktype = 'advisory'";
  EXPECT_TRUE(line.admin_b().becomes(locked, "f", 10));
  Process idle = line.start();
  EXPECT_TRUE(line.admin_b().becomes(locked, "t", 10));
  expect_end(idle, 3s);
  expect_same(line);
}

}  // namespace
}  // namespace penstock::test
