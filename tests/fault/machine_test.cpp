// The machine under the program: its clock is stepped, its memory is short.
#include <chrono>
#include <ctime>
#include <fstream>
#include <iostream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "fault/load.hpp"
#include "support/control_group.hpp"
#include "support/line.hpp"

namespace penstock::test {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

// The beginning of a log line that is written `hours` from now.
std::string log_hour(int hours) {
  const std::time_t then = std::time(nullptr) + hours * 3'600;
  std::array<char, 32> text{};
  std::strftime(text.data(), text.size(), "%F %H:", std::localtime(&then));
  return text.data();
}

// A wall clock of the program's own, which can be stepped while it runs (tests/stepped_clock).
class OwnClock {
 public:
  explicit OwnClock(const Line& line) : file_(line.toml() + ".clock") { step(0h); }
  void step(std::chrono::seconds offset) const {
    const std::int64_t seconds = offset.count();
    std::fstream file(file_, std::ios::binary | std::ios::in | std::ios::out);
    if (!file.is_open()) file.open(file_, std::ios::binary | std::ios::out);
    file.write(reinterpret_cast<const char*>(&seconds), sizeof seconds);
  }
  std::map<std::string, std::string> environment() const {
    return {{"LD_PRELOAD", PENSTOCK_TEST_CLOCK_LIBRARY}, {"PENSTOCK_TEST_CLOCK", file_}};
  }

 private:
  std::string file_;
};

TEST(Clock, SteppedByAnHourStopsNothing) {
  Line line;
  line.create_employees();
  line.migrate_and_copy();
  const OwnClock clock(line);
  Process replicator = line.start("all", clock.environment());
  Load load(line);
  int id = 900'000;
  const auto expect_moving = [&](const std::string& when) {
    line.a().run("insert into employee_a values (" + std::to_string(++id) +
                 ", 'After', 'Step', date '2010-01-01', 'C', 20000)");
    EXPECT_TRUE(line.b().becomes("select count(*) from employee_b where emp_id = " + std::to_string(id), "1", 10))
        << "not moving " << when;
    EXPECT_TRUE(replicator.running()) << when;
  };
  expect_moving("before");
  for (const int hours : {-1, 1}) {
    clock.step(hours * 1h);
    const std::string by = " with the clock " + std::to_string(hours) + " h off";
    for (int i = 0; i < 3; ++i) expect_moving("after the step," + by);
    // Waiting for a server and coming back is by the steady clock, too.
    for (const auto& admin : {line.admin_dsn_a(), line.admin_dsn_b()}) {
      Database(admin).run(
          "select pg_terminate_backend(pid) from pg_stat_activity where usename = 'penstock' and datname = "
          "current_database()");
    }
    expect_moving("after an outage," + by);
    EXPECT_THAT(line.log(), HasSubstr(log_hour(hours))) << "the program did not see the step";
  }
  EXPECT_EQ(load.stop().failed, 0);
  line.expect_equal();
}

// librdkafka needs threads for a producer. Where the machine has none left for a while, no setting is to blame. (For a
// consumer librdkafka 2.0 aborts the process by itself: nothing is lost, whoever supervises it starts it again.)
TEST(Threads, OfAProducerAreWaitedForWhenTheMachineHasNoneLeft) {
  Line line;
  line.create_employees();
  line.migrate_and_copy();
  const ControlGroup group(ControlGroup::Of::threads, 1'000);
  Process capture = line.start("capture"), apply = line.start("apply");
  Load load(line);
  ASSERT_TRUE(line.b().becomes("select count(*) > 0 from employee_b", "t", 10));
  group.hold(capture);
  group.allow(1);
  // The session that used the old producer goes, and so does it.
  Database(line.admin_dsn_a())
      .run(
          "select pg_terminate_backend(pid) from pg_stat_activity where usename = 'penstock' and datname = "
          "current_database()");
  for (int i = 0; i < 2'000 && line.log().find("Kafka producer: ") == std::string::npos; ++i) {
    std::this_thread::sleep_for(10ms);
  }
  EXPECT_THAT(line.log(), HasSubstr("capture: Kafka producer: "));
  EXPECT_TRUE(capture.running());
  group.allow(1'000);
  line.a().run("insert into employee_a values (900001, 'After', 'Threads', date '2010-01-01', 'C', 20000)");
  EXPECT_TRUE(line.b().becomes("select count(*) from employee_b where emp_id = 900001", "1", 20));
  EXPECT_TRUE(capture.running());
  EXPECT_EQ(load.stop().failed, 0);
  line.expect_equal();
}

// One transaction of so many rows, with the program where it is killed at 256 MB.
void expect_to_pass_within_256MB(int rows) {
  Line line;
  line.on_both("create table t (id int primary key, v text, w text)");
  line.configure("[[table]]\nsource = \"public.t\"\n");
  line.migrate_and_copy();
  const ControlGroup limit(ControlGroup::Of::memory, 256 << 20);
  Process replicator = line.start();
  limit.hold(replicator);
  const auto begin = std::chrono::steady_clock::now();
  line.a().run("insert into t select g, md5(g::text), md5((g + 1)::text) from generate_series(1, " +
               std::to_string(rows) + ") as g");
  EXPECT_TRUE(line.b().becomes("select count(*) from t", std::to_string(rows), 1'800));
  EXPECT_TRUE(replicator.running()) << "killed for its memory";
  std::cout << rows << " rows in one transaction: on B after "
            << std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count()
            << " s, the program at most " << replicator.peak_memory_kb() / 1024 << " MB\n";
  line.expect_all_equal({"t"});
}

TEST(Memory, ThreeHundredThousandRowsInOneTransactionPassWithin256MB) { expect_to_pass_within_256MB(300'000); }
TEST(SoakMemory, FiveMillionRowsInOneTransactionPassWithin256MB) { expect_to_pass_within_256MB(5'000'000); }

}  // namespace
}  // namespace penstock::test
