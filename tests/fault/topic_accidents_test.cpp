// What people and brokers do to topics while there are changes in them that B has not applied: README.md in this
// folder.
#include <csignal>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "fault/copies.hpp"
#include "support/broker.hpp"
#include "support/line.hpp"
#include "support/own_server.hpp"
#include "support/writers.hpp"

namespace penstock::test {
namespace {

using namespace std::chrono_literals;
using testing::AllOf;
using testing::HasSubstr;

constexpr const char* kWayOn = "`penstock migrate --new-epoch`";

// Employees, and a table without a key beside them; B has what was there at first.
class TopicAccidents : public testing::Test {
 protected:
  explicit TopicAccidents(Servers servers = Servers::shared())
      : line_(std::move(servers)), broker_(line_.servers().kafka) {
    line_.create_employees();
    create_copies(line_);
    line_.migrate_and_copy();
    write(1s);
    line_.once();
  }

  void write(std::chrono::milliseconds duration) {
    const WriterReport written = write_employees(
        line_.dsn_a(), {.connections = 3, .duration = duration, .bad_share = 0.05, .seed = ++seed_, .pause = 2ms});
    EXPECT_EQ(written.failed, 0) << written.first_error;
  }
  // The journal is in Kafka, and B does not know it yet.
  void capture_alone(std::chrono::milliseconds duration) {
    const auto [low, high] = broker_.offsets(topic());
    Process capture = line_.start("capture");
    write(duration);
    const std::string open = "select kind from penstock.slot order by epoch desc, batch desc, step desc limit 1";
    EXPECT_TRUE(line_.admin_a().becomes(open, "ack", 10));
    capture.send(SIGTERM);
    EXPECT_EQ(capture.wait(10s), 0);
    EXPECT_GT(broker_.offsets(topic()).second, high);
  }
  // Exit 4, soon, and a message that says what happened and how to go on; B is as it was.
  void expect_stop(Process& replicator, const std::string& what, std::chrono::seconds within = 20s) {
    EXPECT_EQ(replicator.wait(within), 4);
    EXPECT_THAT(line_.log(), AllOf(HasSubstr(what), HasSubstr(kWayOn)));
  }
  void expect_stop(const std::string& what) {
    const std::string before = rows_of_copies(line_.b());
    Process apply = line_.start("apply");
    expect_stop(apply, what);
    EXPECT_EQ(rows_of_copies(line_.b()), before) << "something behind the gap was applied";
  }
  std::string topic() const { return line_.topic("employee_a"); }

  Line line_;
  Broker broker_;
  unsigned seed_ = 0;
};

TEST_F(TopicAccidents, OneDeletedUnderLoadStopsItAndNamesIt) {
  Process replicator = line_.start();
  std::thread writers([&] { write(3s); });
  std::this_thread::sleep_for(1s);
  broker_.delete_topics({topic()});
  expect_stop(replicator, "topic " + topic() + " is gone");
  writers.join();
}

TEST_F(TopicAccidents, OneDeletedWhileItWasStoppedStopsEitherHalf) {
  capture_alone(500ms);
  broker_.delete_topics({topic()});
  write(300ms);
  expect_stop("topic " + topic() + " is gone");
  Process capture = line_.start("capture");
  expect_stop(capture, "topic " + topic() + " is gone");
}

TEST_F(TopicAccidents, OneRecreatedStopsIt) {
  capture_alone(500ms);
  broker_.delete_topics({topic()});
  broker_.create_topic(topic());
  capture_alone(200ms);
  expect_stop("topic " + topic() + ", partition 0");
}

TEST_F(TopicAccidents, OneRecreatedUnderLoadStopsIt) {
  Process replicator = line_.start();
  std::thread writers([&] { write(3s); });
  std::this_thread::sleep_for(1s);
  broker_.delete_topics({topic()});
  broker_.create_topic(topic());
  expect_stop(replicator, topic());
  writers.join();
}

TEST_F(TopicAccidents, RecordsDeletedByHandStopIt) {
  const auto [low, read] = broker_.offsets(topic());
  capture_alone(500ms);
  broker_.delete_records(topic(), read + 5);
  expect_stop("topic " + topic() + ", partition 0: B goes on at offset " + std::to_string(read) +
              ", and the 5 records from there on are gone");
}

TEST_F(TopicAccidents, OnlyWhatBHasAppliedMayGo) {
  broker_.delete_records(topic(), broker_.offsets(topic()).second);
  write(300ms);
  line_.expect_equal();
  EXPECT_EQ(rows_of_copies(line_.a()), rows_of_copies(line_.b()));
}

TEST_F(TopicAccidents, TheDeadLetterTopicIsWaitedForAndMadeAgainByMigrate) {
  Process replicator = line_.start();
  broker_.delete_topics({line_.dead_letter_topic()});
  write(1s);
  line_.a().run("insert into employee_a values (900001, 'F', 'L', date '2001-01-01', 'C', 20000)");
  const std::string rejected = "select count(*) from penstock.dead_letter where key = '{\"emp_id\":900001}'";
  EXPECT_TRUE(line_.logs("the dead-letter topic " + line_.dead_letter_topic() + " is gone", 20s));
  EXPECT_TRUE(replicator.running());
  line_.migrate();
  EXPECT_TRUE(line_.admin_b().becomes(rejected, "1", 10));
  line_.expect_equal();
}

}  // namespace
}  // namespace penstock::test
