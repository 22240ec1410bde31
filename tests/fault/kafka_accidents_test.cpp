// What a broker's cleaning, its disk, and people with Kafka's tools do: on brokers of the tests' own where it hurts.
#include <csignal>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "fault/copies.hpp"
#include "fault/load.hpp"
#include "support/broker.hpp"
#include "support/history.hpp"
#include "support/line.hpp"
#include "support/own_server.hpp"
#include "support/small_disk.hpp"

namespace penstock::test {
namespace {

using namespace std::chrono_literals;
using testing::AllOf;
using testing::HasSubstr;

constexpr const char* kWayOn = "`penstock migrate --new-epoch`";

void prepare(Line& line) {
  line.create_employees();
  create_copies(line);
  line.migrate_and_copy();
  keep_history(line.a());
}

void expect_exact(Line& line) {
  line.expect_equal();
  EXPECT_EQ(rows_of_copies(line.a()), rows_of_copies(line.b()));
  EXPECT_EQ(line.book("captured"), changes_of(line.a()));
  EXPECT_EQ(line.book("captured"), line.book("applied") + line.book("rejected"));
  EXPECT_EQ(line.book("unaccounted"), 0);
}

// A change made now is on B within seconds.
void expect_current(Line& line, int id, double seconds) {
  line.a().run("insert into employee_a values (" + std::to_string(id) +
               ", 'Back', 'Again', date '2010-01-01', 'C', 20000)");
  EXPECT_TRUE(line.b().becomes("select count(*) from employee_b where emp_id = " + std::to_string(id), "1", seconds))
      << "not current within " << seconds << " s";
}

template <class Condition>
bool becomes_true(Condition condition, std::chrono::seconds within) {
  const auto deadline = std::chrono::steady_clock::now() + within;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::sleep_for(50ms);
  }
  return true;
}

// Employees that changed many times, and nobody applies it.
void capture_alone(Line& line) {
  Process capture = line.start("capture");
  for (int i = 0; i < 20; ++i) {
    line.a().run(
        "insert into employee_a select g, 'F', 'L', date '2010-01-01', 'C', 20000 from generate_series(1, 50) as g on "
        "conflict (emp_id) do update set salary = employee_a.salary + 1");
    std::this_thread::sleep_for(10ms);
  }
  const std::string open = "select kind from penstock.slot order by epoch desc, batch desc, step desc limit 1";
  EXPECT_TRUE(line.admin_a().becomes(open, "ack", 10));
  capture.send(SIGTERM);
  EXPECT_EQ(capture.wait(10s), 0);
}

void expect_stop(Line& line, const std::string& what) {
  const std::string before = rows_of_copies(line.b());
  Process apply = line.start("apply");
  EXPECT_EQ(apply.wait(30s), 4);
  EXPECT_THAT(line.log(), AllOf(HasSubstr(what), HasSubstr(kWayOn)));
  EXPECT_EQ(rows_of_copies(line.b()), before) << "something behind the gap was applied";
}

TEST(KafkaAccidents, CompactionOrRetentionBeforeBHasReadStopsIt) {
  const OwnServer own("kafka",
                      "log.cleaner.backoff.ms=100 log.retention.check.interval.ms=200 log.initial.task.delay.ms=100");
  const Broker broker(own.servers.kafka);
  Line compacted(own.servers), shortened(own.servers);
  for (Line* line : {&compacted, &shortened}) {
    prepare(*line);
    capture_alone(*line);
  }
  const std::string topic = compacted.topic("employee_a"), short_topic = shortened.topic("employee_a");
  const std::int64_t read = 0;
  broker.alter_topic(topic,
                     {{"cleanup.policy", "compact"}, {"segment.ms", "100"}, {"min.cleanable.dirty.ratio", "0.001"}});
  broker.alter_topic(short_topic, {{"retention.ms", "200"}, {"segment.ms", "100"}});
  const Finished doctor = compacted.run({"doctor"});
  EXPECT_EQ(doctor.code, 1);
  EXPECT_THAT(doctor.out, HasSubstr("topic " + topic + " has cleanup.policy=compact"));
  const Finished warned = shortened.run({"doctor"});
  EXPECT_EQ(warned.code, 1);
  EXPECT_THAT(warned.out, HasSubstr("topic " + short_topic + " has retention.ms=200"));
  // The active segment is left alone: these records end it.
  for (Line* line : {&compacted, &shortened}) capture_alone(*line);
  EXPECT_TRUE(becomes_true([&] { return std::ssize(broker.read(topic)) < broker.offsets(topic).second; }, 30s));
  EXPECT_TRUE(becomes_true([&] { return broker.offsets(short_topic).first > read; }, 30s));
  expect_stop(compacted, "topic " + topic + ", partition 0");
  expect_stop(shortened, "topic " + short_topic + ", partition 0: B goes on at offset");
}

TEST(KafkaAccidents, GroupOffsetsResetByHandChangeNothing) {
  const OwnServer own("kafka");  // pipelines of one name share a group
  Line line(own.servers);
  prepare(line);
  const Broker broker(own.servers.kafka);
  const std::string group = line.consumer_group(), topic = line.topic("employee_a");
  Load load(line);
  int id = 900'000;
  const auto running_and_stopped = [&](auto reset) {
    Process replicator = line.start();
    expect_current(line, ++id, 10);
    reset();
    expect_current(line, ++id, 10);
    replicator.send(SIGTERM);
    EXPECT_EQ(replicator.wait(12s), 0);
    reset();
  };
  running_and_stopped([&] { broker.set_group_offset(group, topic, 0); });
  running_and_stopped([&] { broker.set_group_offset(group, topic, broker.offsets(topic).second); });
  // The mirror is written now and then: there may be no group yet.
  const auto delete_group = [&] {
    if (becomes_true([&] { return broker.group_offset(group, topic) > 0; }, 2s)) broker.delete_group(group);
  };
  running_and_stopped(delete_group);
  EXPECT_EQ(load.stop().failed, 0);
  expect_exact(line);
  // And it is a mirror again.
  EXPECT_TRUE(becomes_true([&] { return broker.group_offset(group, topic) > 0; }, 5s));
}

TEST(KafkaAccidents, AFullDiskIsWaitedFor) {
  const SmallDisk disk(64);
  const OwnServer own("kafka", "log.segment.bytes=4194304", disk.path());
  Line line(own.servers);
  prepare(line);
  Process replicator = line.start();
  Load load(line);
  expect_current(line, 900'001, 10);
  disk.fill();
  // Kafka gives its log directory up, and itself with it.
  EXPECT_TRUE(line.logs("no broker answers", 60s));
  EXPECT_TRUE(replicator.running());
  disk.free();
  own.kill();
  own.start();
  expect_current(line, 900'002, 10);
  EXPECT_THAT(line.log(), HasSubstr("connected again after"));
  const WriterReport written = load.stop();
  EXPECT_EQ(written.failed, 0) << written.first_error;
  expect_exact(line);
}

}  // namespace
}  // namespace penstock::test
