// Processes that freeze and wake up after somebody else has taken their place.
#include <csignal>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "fault/copies.hpp"
#include "fault/load.hpp"
#include "support/history.hpp"
#include "support/line.hpp"

namespace penstock::test {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

class Zombies : public testing::Test {
 protected:
  Zombies() {
    line_.create_employees();
    create_copies(line_);
    line_.migrate_and_copy();
    keep_history(line_.a());
  }
  void expect_current(int id, double seconds) {
    line_.a().run("insert into employee_a values (" + std::to_string(id) +
                  ", 'Back', 'Again', date '2010-01-01', 'C', 20000)");
    EXPECT_TRUE(
        line_.b().becomes("select count(*) from employee_b where emp_id = " + std::to_string(id), "1", seconds));
  }
  void expect_exact() {
    line_.expect_equal();
    EXPECT_EQ(rows_of_copies(line_.a()), rows_of_copies(line_.b()));
    EXPECT_EQ(line_.book("captured"), changes_of(line_.a()));
    EXPECT_EQ(line_.book("captured"), line_.book("applied") + line_.book("rejected"));
  }

  Line line_;
};

TEST_F(Zombies, BothHalvesFrozenFor30SecondsAreReplacedAndDoNoHarmWhenTheyWake) {
  Process capture = line_.start("capture"), apply = line_.start("apply");
  expect_current(900'001, 10);
  Process next_capture = line_.start("capture"), next_apply = line_.start("apply");
  EXPECT_TRUE(line_.logs("another process applies", 10s));
  EXPECT_TRUE(line_.logs("another process reads", 10s));
  Load load(line_);
  const auto frozen = Clock::now();
  capture.send(SIGSTOP);
  apply.send(SIGSTOP);
  // The servers cut them off after 20 s.
  expect_current(900'002, 28);
  std::this_thread::sleep_until(frozen + 30s);
  capture.send(SIGCONT);
  apply.send(SIGCONT);
  expect_current(900'003, 5);
  const WriterReport written = load.stop();
  EXPECT_EQ(written.failed, 0) << written.first_error;
  for (Process* process : {&capture, &apply, &next_capture, &next_apply}) EXPECT_TRUE(process->running());
  expect_exact();
}

TEST_F(Zombies, AnApplierThatWakesInTheMiddleOfABatchFencesItselfOut) {
  Process first = line_.start("apply");
  Process capture = line_.start("capture");
  expect_current(900'001, 10);
  Process second = line_.start("apply");
  EXPECT_TRUE(line_.logs("another process applies", 10s));
  Load load(line_);
  line_.a().run(
      "insert into employee_a select g, 'F', 'L', date '2010-01-01', 'C', 20000 from generate_series(100001, 108000) "
      "as g");
  // In the batch's transaction.
  const std::string in_batch =
      "select coalesce(min(a.pid), 0) from pg_stat_activity as a join pg_locks as l using (pid) where a.datname = "
      "current_database() and l.relation = 'penstock.offsets'::regclass and l.mode = 'RowExclusiveLock' and "
      "a.xact_start < clock_timestamp() - interval '100 ms'";
  Database b = line_.admin_b();
  long long pid = 0;
  const auto deadline = Clock::now() + 30s;
  while (pid == 0 && Clock::now() < deadline) pid = b.number(in_batch);
  ASSERT_NE(pid, 0) << "no batch was seen in the middle";
  first.send(SIGSTOP);
  // What idle_in_transaction_session_timeout does after a minute.
  b.run("select pg_terminate_backend(" + std::to_string(pid) + ")");
  expect_current(900'002, 40);
  first.send(SIGCONT);
  expect_current(900'003, 20);
  const WriterReport written = load.stop();
  EXPECT_EQ(written.failed, 0) << written.first_error;
  EXPECT_TRUE(first.running());
  expect_exact();
}

}  // namespace
}  // namespace penstock::test
