// What becomes of the bytes that nobody of ours wrote, read back from Kafka without the program.
#include <atomic>
#include <csignal>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/broker.hpp"
#include "support/line.hpp"

namespace penstock::test {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAreArray;

constexpr const char* kPoisonCount = "select count(*) from penstock.dead_letter where stage = 'decode'";

std::vector<std::string> all_kinds() {
  std::string garbage(2 << 20, '\0');
  for (std::size_t i = 0; i < garbage.size(); ++i) garbage[i] = static_cast<char>(i * 2'654'435'761u >> 13);
  return {
      std::string("\xff\xfe\0 no JSON", 11),
      "",
      "{}",
      "[1,2",
      "null",
      R"({"payload":{"op":"c"}})",
      garbage,
      R"({"op":"c","ts_ms":1,"source":{"connector":"penstock","name":"emp","db":"d","schema":"public","table":"nobody",)"
      R"("txId":1,"ts_ms":1,"penstock":{"epoch":1,"batch":1,"nonce":1,"previous":2,"cdc_id":1,"ordinal":0}},)"
      R"("before":null,"after":{"emp_id":1}})"};
}

class PoisonBytes : public testing::Test {
 protected:
  void SetUp() override {
    line_.create_employees();
    line_.migrate_and_copy();
  }
  std::vector<std::string> letters() const {
    std::vector<std::string> values;
    for (const auto& record : broker_.read(line_.dead_letter_topic())) values.push_back(record.value);
    return values;
  }
  long long row(int id) {
    line_.a().run("insert into employee_a values (" + std::to_string(id) +
                  ", 'F', 'L', date '2010-01-01', 'C', 20000)");
    return line_.b().becomes("select count(*) from employee_b where emp_id = " + std::to_string(id), "1", 10) ? 1 : 0;
  }

  Line line_;
  Broker broker_{line_.servers().kafka};
};

TEST_F(PoisonBytes, StandInTheDeadLetterTopicUnchangedWithTheirKey) {
  Process replicator = line_.start();
  const auto poison = all_kinds();
  broker_.produce(line_.topic("employee_a"), poison, "a key \xff of its own");
  EXPECT_EQ(row(1), 1);
  EXPECT_TRUE(line_.admin_b().becomes(kPoisonCount, std::to_string(poison.size()), 10));
  EXPECT_THAT(letters(), ElementsAreArray(poison));
  for (const auto& letter : broker_.read(line_.dead_letter_topic())) {
    EXPECT_EQ(letter.key, "a key \xff of its own");
    EXPECT_EQ(letter.header("penstock.stage"), "decode");
    EXPECT_EQ(letter.header("penstock.origin.topic"), line_.topic("employee_a"));
  }
  EXPECT_TRUE(replicator.running());
  line_.expect_equal();
}

// Not even by a record that looks like one of another life of A.
TEST_F(PoisonBytes, AtTheEndOfATopicKeepNobodyFromStarting) {
  broker_.produce(line_.topic("employee_a"), {all_kinds().back()}, "k");
  Process replicator = line_.start();
  EXPECT_EQ(row(1), 1);
  EXPECT_TRUE(replicator.running());
}

TEST_F(PoisonBytes, TooManyForADeadLetterLeaveTheirPlaceInstead) {
  // The largest record that the topic takes leaves no room for the headers.
  broker_.produce(line_.topic("employee_a"), {std::string((8 << 20) - 100, 'x')});
  Process replicator = line_.start();
  EXPECT_EQ(row(1), 1);
  EXPECT_TRUE(line_.admin_b().becomes(kPoisonCount, "1", 10));
  const auto records = broker_.read(line_.dead_letter_topic());
  ASSERT_EQ(records.size(), 1u);
  EXPECT_EQ(records[0].value, "");
  EXPECT_NE(records[0].header("penstock.value_left_out"), "");
  const auto origin = std::stoull(records[0].header("penstock.origin.offset"));
  EXPECT_EQ(broker_.read(line_.topic("employee_a")).at(origin).value.size(), (8u << 20) - 100);
}

TEST_F(PoisonBytes, InTheMiddleOfABigTransactionDoNotDisturbIt) {
  Process replicator = line_.start();
  std::atomic<bool> done{false};
  int sent = 0;
  std::thread poisoner([&] {
    while (!done) {
      broker_.produce(line_.topic("employee_a"), {"{}", "no JSON"});
      sent += 2;
      std::this_thread::sleep_for(20ms);
    }
  });
  line_.a().run(
      "insert into employee_a select g, 'F', 'L', date '2010-01-01', 'C', 20000 from generate_series(1, 100000) as g");
  EXPECT_TRUE(line_.b().becomes("select count(*) from employee_b", "100000", 40));
  done = true;
  poisoner.join();
  EXPECT_TRUE(line_.admin_b().becomes(kPoisonCount, std::to_string(sent), 10));
  line_.expect_equal();
  EXPECT_EQ(line_.book("captured"), 100'000);
  EXPECT_EQ(line_.book("applied"), 100'000);
}

TEST_F(PoisonBytes, AreInTheLedgerOnceAlthoughTheProgramWasKilledOverThem) {
  broker_.produce(line_.topic("employee_a"), {"one", "two", "three"});
  for (int i = 0; i < 3; ++i) {
    Process killed = line_.start("all", {{"PENSTOCK_FAIL_POINT", "apply.dead_letter_acked_not_committed"}});
    EXPECT_EQ(killed.wait(20s), -SIGKILL);
  }
  Process replicator = line_.start();
  EXPECT_EQ(row(1), 1);
  EXPECT_TRUE(line_.admin_b().becomes(kPoisonCount, "3", 10));
  // The topic may hold a letter more than once, never less.
  EXPECT_GE(letters().size(), 3u);
  line_.expect_equal();
}

}  // namespace
}  // namespace penstock::test
