// consistency = "key": several appliers share the partitions; they join, leave, die and wake up while writers write.
#include <csignal>
#include <list>
#include <thread>

#include <gtest/gtest.h>

#include "support/broker.hpp"
#include "support/copies.hpp"
#include "support/history.hpp"
#include "support/writers.hpp"

namespace penstock::test {
namespace {

using namespace std::chrono_literals;

constexpr int kPartitions = 8;
constexpr auto kPastTheSession = 8s;  // a member that is silent for 6 s loses its partitions

class ScaleOut : public testing::Test {
 protected:
  void SetUp() override {
    line_.create_employees();
    create_copies(line_);
    line_.configure(employees_in_partitions(kPartitions), kByKey);
    line_.a().run(
        "insert into employee_a select g, 'F', 'L', date '2010-01-01', 'C', 20000 from generate_series(100001, 100100) "
        "as g");
    line_.migrate_and_copy();
    keep_history(line_.a());
  }

  void start_members(int count) {
    for (int i = 0; i < count; ++i) members_.push_back(line_.start("apply"));
  }
  void kill_oldest(int signal) {
    members_.front().send(signal);
    EXPECT_EQ(members_.front().wait(15s), signal == SIGKILL ? -SIGKILL : 0);
    members_.pop_front();
  }

  // How many sessions of B apply.
  long long appliers() const {
    return line_.admin_b().number(
        "select count(*) from pg_stat_activity where datname = current_database() and application_name like 'penstock%'");
  }
  void until(const std::string& what, const std::function<bool()>& true_at_last, std::chrono::seconds within = 20s) {
    const auto deadline = std::chrono::steady_clock::now() + within;
    while (!true_at_last()) {
      ASSERT_LT(std::chrono::steady_clock::now(), deadline) << what;
      std::this_thread::sleep_for(20ms);
    }
  }
  // A change made now is on B within seconds.
  void expect_moving(int id, std::chrono::seconds within = 5s) {
    line_.a().run("insert into employee_a values (" + std::to_string(id) + ", 'F', 'L', date '2010-01-01', 'C', 20000)");
    ++extra_;
    until("the line does not move",
          [&] { return line_.b().number("select count(*) from employee_b where emp_id = " + std::to_string(id)) == 1; },
          within);
  }
  void write_while(std::chrono::seconds duration, const std::function<void()>& accidents) {
    WriterReport written;
    std::thread writers([&] {
      written = write_employees(line_.dsn_a(), {.connections = 4, .duration = duration, .bad_share = 0.1, .pause = 2ms});
    });
    accidents();
    writers.join();
    EXPECT_EQ(written.failed, 0) << written.first_error;
    changes_ += written.changes;
  }
  void expect_exact() {
    line_.expect_equal();
    EXPECT_EQ(line_.book("captured"), 100 + changes_ + extra_);
    EXPECT_EQ(line_.book("captured"), line_.book("applied") + line_.book("rejected"));
    EXPECT_EQ(line_.book("unaccounted"), 0);
    EXPECT_EQ(line_.book("in_flight"), 0);
    EXPECT_EQ(line_.book("unaccounted", "public.copies"), 0);
    EXPECT_EQ(rows_of_copies(line_.a()), rows_of_copies(line_.b()));
    std::map<std::string, long long> rejects;
    for (const auto& row : line_.admin_b().rows("select rule, count(*) from penstock.dead_letter group by rule"))
      rejects[row[0]] = std::stoll(row[1]);
    EXPECT_EQ(rejects, expected_rejects(line_.a()));
  }

  Line line_;
  std::list<Process> members_;
  long long changes_ = 0, extra_ = 0;
};

TEST_F(ScaleOut, MembersJoinLeaveAndDieUnderLoad) {
  const Process capture = line_.start("capture");
  start_members(4);
  write_while(20s, [&] {
    for (int i = 0; i < 6; ++i) {
      std::this_thread::sleep_for(1s);
      start_members(1);
      kill_oldest(i % 2 == 0 ? SIGKILL : SIGTERM);
    }
  });
  until("four members", [&] { return appliers() >= 4; });
  expect_moving(900'001, 15s);  // the last one killed had partitions
  expect_exact();
}

TEST_F(ScaleOut, AMemberThatWakesUpAfterItsPartitionsMovedIsTurnedAway) {
  const Process capture = line_.start("capture");
  start_members(4);
  write_while(14s, [&] {
    std::this_thread::sleep_for(1s);
    members_.front().send(SIGSTOP);
    std::this_thread::sleep_for(kPastTheSession);
    expect_moving(900'001);
    members_.front().send(SIGCONT);
    expect_moving(900'002);
  });
  EXPECT_TRUE(members_.front().running());
  expect_exact();
}

}  // namespace
}  // namespace penstock::test
