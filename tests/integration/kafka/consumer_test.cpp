#include <librdkafka/rdkafka.h>

#include "integration/kafka/gate.hpp"
#include "integration/kafka/kafka_test.hpp"

namespace penstock::kafka {
namespace {

using namespace std::chrono_literals;
using ConsumerOnBroker = KafkaTest;

TEST_F(ConsumerOnBroker, AHundredThousandRecordsComeThroughInOrder) {
  run([this]() -> Task<void> {
    co_await create();
    Producer producer(context.get_executor(), cluster);
    constexpr std::size_t kCount = 100'000;
    const std::string padding(280, 'x');
    for (std::size_t i = 0; i < kCount; ++i) {
      const std::string value = std::to_string(i) + padding;
      co_await producer.send(record(value));
    }
    co_await producer.flush();
    EXPECT_EQ(producer.acknowledged_through(), kCount);

    const auto started = std::chrono::steady_clock::now();
    Consumer consumer(context.get_executor(), cluster, topic);
    const std::vector<TopicPartitionOffset> from{{topic, 0, 0}};
    consumer.assign(from);
    std::size_t next = 0;
    while (next < kCount && std::chrono::steady_clock::now() - started < 30s) {
      const auto messages = co_await consumer.poll(1'000, 1s);
      for (const Message& message : messages) {
        EXPECT_EQ(message.offset(), static_cast<std::int64_t>(next));
        EXPECT_TRUE(message.value().starts_with(std::to_string(next) + "x"));
        ++next;
      }
    }
    EXPECT_EQ(next, kCount);
    // 28 MB through a queue of 4: with a fetcher that sleeps a second whenever it was full this takes six.
    EXPECT_LT(std::chrono::steady_clock::now() - started, 4s);
  });
}

TEST_F(ConsumerOnBroker, AnOffsetBeyondTheEndStopsForSafety) {
  const auto kind = failure_of([this]() -> Task<void> {
    co_await create_with_a_record();
    Consumer consumer(context.get_executor(), cluster, topic);
    const std::vector<TopicPartitionOffset> from{{topic, 0, 1'000}};
    consumer.assign(from);
    for (int i = 0; i < 20; ++i) co_await consumer.poll(10, 500ms);
  });
  EXPECT_EQ(kind, ErrorKind::safety) << what;
}

TEST_F(ConsumerOnBroker, ATopicThatIsNotThereIsASetUpToMend) {
  const auto kind = failure_of([this]() -> Task<void> {
    Consumer consumer(context.get_executor(), cluster, topic);
    const std::vector<TopicPartitionOffset> from{{topic, 0, 0}};
    consumer.assign(from);
    for (int i = 0; i < 20; ++i) co_await consumer.poll(10, 500ms);
  });
  EXPECT_EQ(kind, ErrorKind::setup) << what;
}

TEST_F(ConsumerOnBroker, AssigningAgainForgetsWhatWasFetched) {
  run([this]() -> Task<void> {
    co_await create();
    Producer producer(context.get_executor(), cluster);
    co_await send_numbers(producer, 1'000);
    Consumer consumer(context.get_executor(), cluster, topic);
    for (const std::int64_t offset : {0, 500, 100}) {
      const std::vector<TopicPartitionOffset> from{{topic, 0, offset}};
      consumer.assign(from);
      const auto messages = co_await consumer.poll(10, 10s);
      EXPECT_FALSE(messages.empty());
      if (messages.empty()) co_return;
      EXPECT_EQ(messages[0].offset(), offset);
    }
  });
}

TEST_F(ConsumerOnBroker, APausedPartitionBringsNothingUntilItIsResumed) {
  run([this]() -> Task<void> {
    co_await create();
    Producer producer(context.get_executor(), cluster);
    Consumer consumer(context.get_executor(), cluster, topic);
    const std::vector<TopicPartitionOffset> from{{topic, 0, 0}};
    const std::vector<TopicPartition> partitions{{topic, 0}};
    consumer.assign(from);
    co_await consumer.poll(10, 500ms);
    consumer.pause(partitions);
    co_await producer.send(record("x"));
    co_await producer.flush();
    const auto paused = co_await consumer.poll(10, 700ms);
    EXPECT_TRUE(paused.empty());
    const auto at = std::chrono::steady_clock::now();
    consumer.resume(partitions);
    const auto resumed = co_await consumer.poll(10, 5s);
    EXPECT_EQ(resumed.size(), 1U);
    EXPECT_LT(std::chrono::steady_clock::now() - at, 500ms);
  });
}

TEST_F(ConsumerOnBroker, AnEmptyPollLastsAsLongAsItWasGiven) {
  run([this]() -> Task<void> {
    co_await create();
    Consumer consumer(context.get_executor(), cluster, topic);
    const std::vector<TopicPartitionOffset> from{{topic, 0, 0}};
    consumer.assign(from);
    const auto started = std::chrono::steady_clock::now();
    const auto none = co_await consumer.poll(10, 350ms);
    EXPECT_TRUE(none.empty());
    EXPECT_GE(std::chrono::steady_clock::now() - started, 350ms);
    EXPECT_LT(std::chrono::steady_clock::now() - started, 600ms);
  });
}

// What a group tool shows.
std::int64_t group_offset(const Cluster& cluster, const std::string& group, const std::string& topic) {
  rd_kafka_conf_t* conf = rd_kafka_conf_new();
  rd_kafka_conf_set(conf, "bootstrap.servers", cluster.bootstrap_servers.c_str(), nullptr, 0);
  rd_kafka_conf_set(conf, "group.id", group.c_str(), nullptr, 0);
  rd_kafka_t* reader = rd_kafka_new(RD_KAFKA_CONSUMER, conf, nullptr, 0);
  rd_kafka_topic_partition_list_t* list = rd_kafka_topic_partition_list_new(1);
  rd_kafka_topic_partition_list_add(list, topic.c_str(), 0);
  rd_kafka_committed(reader, list, 5'000);
  const std::int64_t offset = list->elems[0].offset;
  rd_kafka_topic_partition_list_destroy(list);
  rd_kafka_destroy(reader);
  return offset;
}

TEST_F(ConsumerOnBroker, MirroredOffsetsShowInTheGroup) {
  run([this]() -> Task<void> {
    co_await create();
    Consumer consumer(context.get_executor(), cluster, topic);
    const std::vector<TopicPartitionOffset> from{{topic, 0, 0}};
    consumer.assign(from);
    for (std::int64_t next = 1; next <= 5; ++next) {
      const std::vector<TopicPartitionOffset> mirrored{{topic, 0, next}};
      consumer.mirror_offsets(mirrored);
      co_await consumer.poll(1, 20ms);
    }
    for (int i = 0; i < 50 && group_offset(cluster, topic, topic) != 5; ++i) co_await consumer.poll(1, 100ms);
    EXPECT_EQ(group_offset(cluster, topic, topic), 5);
  });
}

TEST_F(ConsumerOnBroker, OneThatCouldNotMirrorYetEndsSoon) {
  run([this]() -> Task<void> {
    co_await create();
    const testing_support::Gate closed(cluster.bootstrap_servers);
    const std::vector<TopicPartitionOffset> offsets{{topic, 0, 0}};
    const std::vector<Cluster> both{cluster, Cluster{closed.address(), {}}};
    for (const Cluster& reached : both) {
      for (int i = 0; i < 10; ++i) {
        auto consumer = std::make_unique<Consumer>(context.get_executor(), reached, topic);
        consumer->assign(offsets);
        co_await consumer->poll(1, std::chrono::milliseconds(5 * i));
        consumer->mirror_offsets(offsets);
        const auto began = std::chrono::steady_clock::now();
        consumer.reset();
        EXPECT_LT(std::chrono::steady_clock::now() - began, 1500ms);
      }
    }
  });
}

// A test of librdkafka, too: closed or destroyed this early it would abort the process.
TEST_F(ConsumerOnBroker, AMemberMayEndBeforeTheGroupHasGivenItAnything) {
  run([this]() -> Task<void> {
    co_await create();
    const std::vector<std::string> topics{topic};
    { const Consumer destroyed(context.get_executor(), cluster, topic, topics); }
    Consumer leaving(context.get_executor(), cluster, topic + "-2", topics);
    co_await leaving.leave();
  });
}

TEST_F(ConsumerOnBroker, AnUnreachableBrokerIsWaitedForWithoutAFailure) {
  run([this]() -> Task<void> {
    co_await create_with_a_record();
    testing_support::Gate gate(cluster.bootstrap_servers);
    const Cluster behind_gate{gate.address(), {}};
    Consumer consumer(context.get_executor(), behind_gate, topic);
    const std::vector<TopicPartitionOffset> from{{topic, 0, 0}};
    consumer.assign(from);
    const auto before = co_await consumer.poll(10, 1s);
    EXPECT_TRUE(before.empty());
    gate.open();
    const auto after = co_await consumer.poll(10, 5s);
    EXPECT_EQ(after.size(), 1U);
  });
}

TEST_F(ConsumerOnBroker, LeadersAreAskedForASecondAtMost) {
  run([this]() -> Task<void> {
    co_await create_with_a_record();
    testing_support::Gate gate(cluster.bootstrap_servers);
    const Cluster behind_gate{gate.address(), {}};
    Consumer consumer(context.get_executor(), behind_gate, topic);
    const std::vector<std::string> topics{topic, topic + "-is-not-there"};
    const auto began = std::chrono::steady_clock::now();
    co_await consumer.find_leaders(topics);
    const auto asked_for = std::chrono::steady_clock::now() - began;
    EXPECT_GE(asked_for, 900ms);
    EXPECT_LT(asked_for, 3s);
    gate.open();
    const std::vector<TopicPartitionOffset> from{{topic, 0, 0}};
    consumer.assign(from);
    const auto messages = co_await consumer.poll(10, 5s);
    EXPECT_EQ(messages.size(), 1U);
  });
}

}  // namespace
}  // namespace penstock::kafka
