#include "integration/kafka/gate.hpp"
#include "integration/kafka/kafka_test.hpp"

namespace penstock::kafka {
namespace {

using namespace std::chrono_literals;
using AdminOnBroker = KafkaTest;

TEST_F(AdminOnBroker, ATopicIsCreatedAsSpecifiedAndAnExistingOneLeftAlone) {
  run([this]() -> Task<void> {
    Admin admin(context.get_executor(), cluster);
    const std::vector<TopicSpec> first{{topic, 3, {{"cleanup.policy", "delete"}, {"max.message.bytes", "9000000"}}}};
    const auto created = co_await admin.create_topics(first);
    EXPECT_EQ(created, std::vector{topic});

    const std::vector<TopicSpec> second{{topic, 5, {{"cleanup.policy", "compact"}}}};
    const auto again = co_await admin.create_topics(second);
    EXPECT_TRUE(again.empty());

    const auto description = co_await admin.describe_topic(topic);
    EXPECT_TRUE(description.has_value());
    if (!description) co_return;
    EXPECT_EQ(description->partitions, 3);
    EXPECT_EQ(description->config.at("cleanup.policy"), "delete");
    EXPECT_EQ(description->config.at("max.message.bytes"), "9000000");
  });
}

TEST_F(AdminOnBroker, DescribingATopicThatIsNotThereDoesNotCreateIt) {
  run([this]() -> Task<void> {
    Admin admin(context.get_executor(), cluster);
    for (int i = 0; i < 2; ++i) {
      const auto description = co_await admin.describe_topic(topic);
      EXPECT_FALSE(description.has_value());
      co_await sleep_for(300ms);
    }
  });
}

TEST_F(AdminOnBroker, DeletingTwiceIsFine) {
  run([this]() -> Task<void> {
    co_await create();
    Admin admin(context.get_executor(), cluster);
    const std::vector<std::string> names{topic};
    co_await admin.delete_topics(names);
    co_await admin.delete_topics(names);
  });
}

TEST_F(AdminOnBroker, WhatTheBrokerRefusesIsASetUpToMend) {
  const auto kind = failure_of([this]() -> Task<void> {
    Admin admin(context.get_executor(), cluster);
    const std::vector<TopicSpec> bad{{"no spaces please", 1, {}}};
    co_await admin.create_topics(bad);
  });
  EXPECT_EQ(kind, ErrorKind::setup) << what;
  const auto config = failure_of([this]() -> Task<void> {
    Admin admin(context.get_executor(), cluster);
    const std::vector<TopicSpec> bad{{topic, 1, {{"cleanup.policy", "sometimes"}}}};
    co_await admin.create_topics(bad);
  });
  EXPECT_EQ(config, ErrorKind::setup) << what;
}

TEST_F(AdminOnBroker, WatermarksFollowWhatWasWritten) {
  run([this]() -> Task<void> {
    co_await create(2);
    Admin admin(context.get_executor(), cluster);
    const std::vector<TopicPartition> both{{topic, 0}, {topic, 1}};
    auto marks = co_await admin.watermarks(both);
    EXPECT_EQ(marks.size(), 2U);
    EXPECT_EQ((marks[{topic, 1}].high), 0);
    Producer producer(context.get_executor(), cluster);
    co_await send_numbers(producer, 7, 1);
    marks = co_await admin.watermarks(both);
    EXPECT_EQ((marks[{topic, 0}].high), 0);
    EXPECT_EQ((marks[{topic, 1}].low), 0);
    EXPECT_EQ((marks[{topic, 1}].high), 7);
  });
}

TEST_F(AdminOnBroker, WatermarksOfATopicThatIsNotThereAreASetUpToMend) {
  const auto kind = failure_of([this]() -> Task<void> {
    Admin admin(context.get_executor(), cluster);
    const std::vector<TopicPartition> none{{topic, 0}};
    co_await admin.watermarks(none);
  });
  EXPECT_EQ(kind, ErrorKind::setup) << what;
}

TEST_F(AdminOnBroker, AnUnreachableBrokerIsTransientWithinTheTimeoutOfAnAdminRequest) {
  cluster.bootstrap_servers = testing_support::Gate("unused:1").address();
  const auto started = std::chrono::steady_clock::now();
  const auto kind = failure_of([this]() -> Task<void> {
    Admin admin(context.get_executor(), cluster);
    const std::vector<TopicSpec> specs{{topic, 1, {}}};
    co_await admin.create_topics(specs);
  });
  EXPECT_EQ(kind, ErrorKind::transient) << what;
  EXPECT_LT(std::chrono::steady_clock::now() - started, 13s);
  cluster.bootstrap_servers.clear();
}

TEST_F(AdminOnBroker, ABlockingQuestionToAnUnreachableBrokerIsTransientAndNeverHoldsTheThread) {
  cluster.bootstrap_servers = testing_support::Gate("unused:1").address();
  const auto started = std::chrono::steady_clock::now();
  bool asking = true;
  int ticks = 0;
  const auto tick = [&]() -> Task<void> {
    for (; asking; ++ticks) co_await sleep_for(50ms);
  };
  asio::co_spawn(context, tick, asio::detached);
  const auto kind = failure_of([&]() -> Task<void> {
    Admin admin(context.get_executor(), cluster);
    std::exception_ptr thrown;
    try {
      co_await admin.describe_topic(topic);
    } catch (...) {
      thrown = std::current_exception();
    }
    asking = false;
    if (thrown) std::rethrow_exception(thrown);
  });
  const auto took = std::chrono::steady_clock::now() - started;
  EXPECT_EQ(kind, ErrorKind::transient) << what;
  EXPECT_LT(took, 13s);
  EXPECT_GT(ticks, took / 50ms / 2);
  cluster.bootstrap_servers.clear();
}

}  // namespace
}  // namespace penstock::kafka
