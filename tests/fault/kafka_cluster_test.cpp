// Three brokers of the test's own, three copies of everything, two of them needed: brokers die and come back.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "fault/copies.hpp"
#include "fault/load.hpp"
#include "support/broker.hpp"
#include "support/history.hpp"
#include "support/line.hpp"
#include "support/own_server.hpp"

namespace penstock::test {
namespace {

using namespace std::chrono_literals;

const std::string kSettings =
    "offsets.topic.replication.factor=3 default.replication.factor=3 min.insync.replicas=2 "
    "num.recovery.threads.per.data.dir=1";

struct ThreeBrokers {
  OwnServer first{"kafka", kSettings};  // the controller, too
  OwnServer second{"kafka", "join=" + first.path() + " node.id=2 " + kSettings};
  OwnServer third{"kafka", "join=" + first.path() + " node.id=3 " + kSettings};

  Servers servers() const {
    Servers all = Servers::shared();
    all.kafka = first.servers.kafka + "," + second.servers.kafka + "," + third.servers.kafka;
    return all;
  }
};

TEST(KafkaCluster, ItsBrokersMayDieAndMoveTheirLeaders) {
  const ThreeBrokers brokers;
  Line line(brokers.servers());
  line.create_employees();
  create_copies(line);
  line.migrate_and_copy();
  keep_history(line.a());
  // What the brokers' default says is what `migrate` makes.
  EXPECT_EQ(Broker(line.servers().kafka).replicas(line.topic("employee_a")), 3);
  Process replicator = line.start();
  Load load(line);
  int id = 900'000;
  const auto insert = [&] {
    line.a().run("insert into employee_a values (" + std::to_string(++id) +
                 ", 'Back', 'Again', date '2010-01-01', 'C', 20000)");
  };
  const auto there = [&](double seconds) {
    return line.b().becomes("select count(*) from employee_b where emp_id = " + std::to_string(id), "1", seconds);
  };
  brokers.third.kill();
  insert();
  EXPECT_TRUE(there(20)) << "two of three are enough";
  brokers.second.kill();
  // The broker that is left takes nothing: it would be the only one to have it.
  insert();
  EXPECT_FALSE(there(6)) << "one of three is too few";
  EXPECT_TRUE(replicator.running());
  brokers.second.start();
  EXPECT_TRUE(there(20)) << "two of three are enough again";
  brokers.third.start();
  // Each in turn, the controller last.
  for (const OwnServer* broker : {&brokers.third, &brokers.second, &brokers.first}) {
    broker->stop();
    broker->start();
    insert();
    EXPECT_TRUE(there(20)) << "not current after a rolling restart";
  }
  EXPECT_TRUE(replicator.running());
  const WriterReport written = load.stop();
  EXPECT_EQ(written.failed, 0) << written.first_error;
  line.expect_equal();
  EXPECT_EQ(rows_of_copies(line.a()), rows_of_copies(line.b()));
  EXPECT_EQ(line.book("captured"), changes_of(line.a()));
}

}  // namespace
}  // namespace penstock::test
