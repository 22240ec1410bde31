#include "integration/kafka/gate.hpp"
#include "integration/kafka/kafka_test.hpp"

namespace penstock::kafka {
namespace {

using namespace std::chrono_literals;
using ProducerOnBroker = KafkaTest;

TEST_F(ProducerOnBroker, WhatIsSentIsReadBackWithKeyHeadersAndOffset) {
  run([this]() -> Task<void> {
    co_await create(2);
    Producer producer(context.get_executor(), cluster);
    const Headers headers{{"rule", "born_after_2007"}, {"rule", "again"}, {"empty", ""}};
    Producer::Record full = record("value", 1);
    full.key = R"({"emp_id":1})";
    full.headers = &headers;
    const std::uint64_t first = co_await producer.send(full);
    const std::uint64_t second = co_await producer.send(record("bare", 1));
    EXPECT_EQ(first, 1U);
    EXPECT_EQ(second, 2U);
    co_await producer.flush();
    EXPECT_EQ(producer.acknowledged_through(), 2U);

    Consumer consumer(context.get_executor(), cluster, topic);
    const std::vector<Message> messages = co_await read(consumer, 2, 1);
    EXPECT_EQ(messages.size(), 2U);
    if (messages.size() != 2) co_return;
    EXPECT_EQ(messages[0].topic(), topic);
    EXPECT_EQ(messages[0].partition(), 1);
    EXPECT_EQ(messages[0].offset(), 0);
    EXPECT_EQ(messages[0].key(), R"({"emp_id":1})");
    EXPECT_EQ(messages[0].value(), "value");
    EXPECT_EQ(messages[0].headers(), headers);
    EXPECT_EQ(messages[1].offset(), 1);
    EXPECT_EQ(messages[1].key(), std::nullopt);
    EXPECT_TRUE(messages[1].headers().empty());
  });
}

TEST_F(ProducerOnBroker, OffsetsAreRememberedOnlyWhereAsked) {
  run([this]() -> Task<void> {
    co_await create();
    Producer producer(context.get_executor(), cluster);
    const std::uint64_t before = co_await producer.send(record("a"));
    producer.remember_offsets(true);
    const std::uint64_t during = co_await producer.send(record("b"));
    producer.remember_offsets(false);
    const std::uint64_t after = co_await producer.send(record("c"));
    co_await producer.flush();
    EXPECT_EQ(producer.take_offset(before), -1);
    EXPECT_EQ(producer.take_offset(during), 1);
    EXPECT_EQ(producer.take_offset(during), -1) << "taken out by the first call";
    EXPECT_EQ(producer.take_offset(after), -1);
  });
}

TEST_F(ProducerOnBroker, AFullQueueMakesSendWaitAndLosesNothing) {
  run([this]() -> Task<void> {
    co_await create();
    cluster.extra["queue.buffering.max.messages"] = "3";
    Producer producer(context.get_executor(), cluster);
    co_await send_numbers(producer, 500);
    EXPECT_EQ(producer.acknowledged_through(), 500U);
    cluster.extra.clear();
    Consumer consumer(context.get_executor(), cluster, topic);
    const std::vector<Message> messages = co_await read(consumer, 500);
    EXPECT_EQ(messages.size(), 500U);
    for (std::size_t i = 0; i < messages.size(); ++i) EXPECT_EQ(messages[i].value(), std::to_string(i));
  });
}

TEST_F(ProducerOnBroker, ARecordOverTheLimitIsDataAndTheNextOneGoesThrough) {
  run([this]() -> Task<void> {
    co_await create();
    cluster.extra["message.max.bytes"] = "20000";
    Producer producer(context.get_executor(), cluster);
    EXPECT_EQ(producer.message_bytes_max(), 20'000U - 64U);
    const std::string huge(20'001, 'x');
    std::optional<ErrorKind> kind;
    try {
      co_await producer.send(record(huge));
    } catch (const Failure& failure) {
      kind = failure.kind();
    }
    EXPECT_EQ(kind, ErrorKind::data);
    const std::uint64_t sequence = co_await producer.send(record("small"));
    EXPECT_EQ(sequence, 1U) << "the refused one took no number";
    co_await producer.flush();
  });
}

TEST_F(ProducerOnBroker, TheGreatestRecordFitsATopicWithRoomForABatchOfOne) {
  run([this]() -> Task<void> {
    co_await create(1, "max.message.bytes", "8389632");
    cluster.extra["compression.codec"] = "none";
    Producer producer(context.get_executor(), cluster);
    const std::string greatest(producer.message_bytes_max(), 'x');
    co_await producer.send(record(greatest));
    co_await producer.flush();
    cluster.extra.clear();
    Consumer consumer(context.get_executor(), cluster, topic);
    const std::vector<Message> messages = co_await read(consumer, 1);
    EXPECT_EQ(messages.size(), 1U);
    if (messages.empty()) co_return;
    EXPECT_EQ(messages[0].value().size(), greatest.size());
  });
}

TEST_F(ProducerOnBroker, ATopicWithASmallerLimitIsASetUpToMend) {
  const auto kind = failure_of([this]() -> Task<void> {
    co_await create(1, "max.message.bytes", "1000");
    cluster.extra["compression.codec"] = "none";
    Producer producer(context.get_executor(), cluster);
    const std::string value(5'000, 'x');
    co_await producer.send(record(value));
    co_await producer.flush();
  });
  EXPECT_EQ(kind, ErrorKind::setup) << what;
  EXPECT_THAT(what, testing::Not(testing::HasSubstr("xxx"))) << "no text carries a record's value";
}

TEST_F(ProducerOnBroker, APartitionThatIsNotThereIsASetUpToMend) {
  const auto kind = failure_of([this]() -> Task<void> {
    co_await create();
    Producer producer(context.get_executor(), cluster);
    co_await producer.send(record("x", 0));
    co_await producer.flush();
    co_await producer.send(record("x", 7));
    co_await producer.flush();
  });
  EXPECT_EQ(kind, ErrorKind::setup) << what;
}

TEST_F(ProducerOnBroker, DestroyingWithAnUnreachableBrokerReturnsAtOnce) {
  cluster.bootstrap_servers = testing_support::Gate("unused:1").address();
  std::chrono::steady_clock::time_point started;
  run([&]() -> Task<void> {
    Producer producer(context.get_executor(), cluster);
    for (int i = 0; i < 100; ++i) co_await producer.send(record("queued"));
    co_await sleep_for(300ms);
    started = std::chrono::steady_clock::now();
  });
  EXPECT_LT(std::chrono::steady_clock::now() - started, 300ms);
  cluster.bootstrap_servers.clear();  // there is no topic to delete
}

TEST_F(ProducerOnBroker, WhatIsQueuedIsDeliveredOnceTheBrokerIsThere) {
  run([this]() -> Task<void> {
    co_await create();
    testing_support::Gate gate(cluster.bootstrap_servers);
    Cluster behind_gate{gate.address(), {}};
    Producer producer(context.get_executor(), behind_gate);
    for (int i = 0; i < 100; ++i) co_await producer.send(record("queued"));
    co_await sleep_for(1s);
    EXPECT_EQ(producer.acknowledged_through(), 0U);
    gate.open();
    const auto opened = std::chrono::steady_clock::now();
    co_await producer.flush();
    EXPECT_EQ(producer.acknowledged_through(), 100U);
    EXPECT_LT(std::chrono::steady_clock::now() - opened, 3s);
  });
}

TEST_F(ProducerOnBroker, AWaitIsEndedByCancellation) {
  cluster.bootstrap_servers = testing_support::Gate("unused:1").address();
  const auto started = std::chrono::steady_clock::now();
  run([this]() -> Task<void> {
    using namespace asio::experimental::awaitable_operators;
    Producer producer(context.get_executor(), cluster);
    co_await producer.send(record("queued"));
    co_await (producer.flush() || sleep_for(300ms));
    EXPECT_EQ(producer.acknowledged_through(), 0U);
  });
  EXPECT_LT(std::chrono::steady_clock::now() - started, 2s);
  cluster.bootstrap_servers.clear();
}

}  // namespace
}  // namespace penstock::kafka
