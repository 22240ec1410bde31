#include <cstdlib>
#include <random>

#include <gtest/gtest.h>

#include "base/error.hpp"
#include "kafka/admin.hpp"
#include "kafka/consumer.hpp"
#include "model/envelope_reader.hpp"
#include "publish/batch_publisher.hpp"
#include "support/coroutine.hpp"

namespace penstock::publish {
namespace {

using namespace std::chrono_literals;

// One record as it lies in Kafka.
struct Seen {
  std::int32_t partition;
  std::string key;
  Position position;
  std::optional<EndMark> end;
};

class BatchPublisherTest : public testing::Test {
 protected:
  void SetUp() override {
    const char* address = std::getenv("PENSTOCK_TEST_KAFKA");
    ASSERT_NE(address, nullptr) << "tests/run starts the servers";
    cluster_.bootstrap_servers = address;
    topic_ = "publish.test." + std::to_string(std::random_device{}());
  }

  Task<void> make_topic(int partitions) {
    partitions_ = partitions;
    kafka::Admin admin(co_await asio::this_coro::executor, cluster_);
    std::vector<kafka::TopicSpec> topics(1);
    topics[0].name = topic_;
    topics[0].partitions = partitions;
    co_await admin.create_topics(topics);
  }

  Routes routes() const {
    std::vector<Route> all;
    all.push_back({"public.t", "public", "t", topic_, partitions_, KeyExtractor({"a"})});
    return Routes(std::move(all));
  }

  static BatchHeader header() {
    BatchHeader header;
    header.epoch = Epoch{1};
    header.number = BatchNo{5};
    header.nonce = Nonce{77};
    header.previous = Nonce{66};
    header.snapshot = "10:10:";
    header.captured = {{"public.t", 40}, {"public.other", 3}};
    return header;
  }

  static Change update(std::int64_t cdc_id, const std::string& image) {
    Change change;
    change.op = Op::update;
    change.cdc_id = cdc_id;
    change.relation = "public.t";
    change.image = image;
    return change;
  }

  // Everything in the topic, partition by partition.
  Task<std::vector<Seen>> read_all(std::size_t wanted) {
    kafka::Consumer consumer(co_await asio::this_coro::executor, cluster_, "publish-test");
    std::vector<kafka::TopicPartitionOffset> from;
    for (std::int32_t p = 0; p < partitions_; ++p) from.push_back({topic_, p, 0});
    consumer.assign(from);
    std::vector<Seen> seen;
    EnvelopeReader reader;
    for (int tries = 0; seen.size() < wanted && tries < 100; ++tries) {
      const auto messages = co_await consumer.poll(100, 100ms);
      for (const auto& message : messages) {
        const auto decoded = std::get<DecodedEnvelope>(reader.read(message.value()));
        seen.push_back(
            {message.partition(), std::string(message.key().value_or("")), decoded.envelope.position, decoded.end});
      }
    }
    // Nothing more may come.
    const auto more = co_await consumer.poll(100, 300ms);
    EXPECT_TRUE(more.empty());
    co_return seen;
  }

  kafka::Cluster cluster_;
  std::string topic_;
  int partitions_ = 1;
  EnvelopeWriter writer_{"emp", "hr"};
};

TEST_F(BatchPublisherTest, OnlyTheLastRecordOfEachPartitionCarriesTheEndMark) {
  test::run_task([&]() -> Task<void> {
    co_await make_topic(3);
    const Routes to = routes();
    kafka::Producer producer(co_await asio::this_coro::executor, cluster_);
    BatchPublisher batch(producer, to, writer_, header());
    for (int i = 0; i < 30; ++i) {
      const std::string image = R"({"a":)" + std::to_string(i % 7) + "}";
      co_await batch.add(update(i + 1, image));
    }
    co_await batch.finish();
    const auto seen = co_await read_all(30);
    EXPECT_EQ(seen.size(), 30u);
    std::map<std::int32_t, const Seen*> last;
    std::map<std::int32_t, std::int64_t> counts;
    for (const auto& record : seen) {
      last[record.partition] = &record;
      ++counts[record.partition];
    }
    EXPECT_GT(last.size(), 1u);
    for (const auto& record : seen) {
      const bool is_last = last[record.partition] == &record;
      EXPECT_EQ(record.end.has_value(), is_last);
      if (!record.end) continue;
      EXPECT_EQ(record.end->count, counts[record.partition]);
      EXPECT_EQ(record.end->total, 30);
      EXPECT_EQ(record.end->parts.size(), last.size());
      EXPECT_EQ(record.end->captured, (decltype(record.end->captured){{"public.t", 40}}));
    }
  });
}

TEST_F(BatchPublisherTest, AnEmptyBatchYieldsAControlRecord) {
  test::run_task([&]() -> Task<void> {
    co_await make_topic(1);
    const Routes to = routes();
    kafka::Producer producer(co_await asio::this_coro::executor, cluster_);
    BatchPublisher batch(producer, to, writer_, header());
    co_await batch.finish();
    const auto seen = co_await read_all(1);
    EXPECT_EQ(seen.size(), 1u);
    EXPECT_TRUE(!seen.empty() && seen[0].end && seen[0].end->total == 1);
  });
}

TEST_F(BatchPublisherTest, ATruncateReachesEveryPartition) {
  test::run_task([&]() -> Task<void> {
    co_await make_topic(3);
    const Routes to = routes();
    kafka::Producer producer(co_await asio::this_coro::executor, cluster_);
    BatchPublisher batch(producer, to, writer_, header());
    Change truncate;
    truncate.op = Op::truncate;
    truncate.cdc_id = 9;
    truncate.relation = "public.t";
    co_await batch.add(truncate);
    co_await batch.finish();
    const auto seen = co_await read_all(3);
    EXPECT_EQ(seen.size(), 3u);
    for (const auto& record : seen) EXPECT_TRUE(record.end && record.end->total == 3 && record.end->count == 1);
  });
}

TEST_F(BatchPublisherTest, AResumedBatchCountsEverythingAndSendsOnlyWhatFollows) {
  test::run_task([&]() -> Task<void> {
    co_await make_topic(1);
    const Routes to = routes();
    kafka::Producer producer(co_await asio::this_coro::executor, cluster_);
    BatchPublisher batch(producer, to, writer_, header(), Progress{7, 0});
    for (int i = 1; i <= 10; ++i) co_await batch.add(update(i, R"({"a":1})"));
    co_await batch.finish();
    const auto seen = co_await read_all(3);
    EXPECT_EQ(seen.size(), 3u);
    EXPECT_EQ(seen.front().position.cdc_id, 8);
    EXPECT_TRUE(seen.back().end && seen.back().end->count == 10 && seen.back().end->total == 10);
  });
}

TEST_F(BatchPublisherTest, ProgressNeverPassesAHeldBackRecord) {
  test::run_task([&]() -> Task<void> {
    co_await make_topic(1);
    const Routes to = routes();
    kafka::Producer producer(co_await asio::this_coro::executor, cluster_);
    BatchPublisher batch(producer, to, writer_, header());
    for (int i = 1; i <= 10'000; ++i) co_await batch.add(update(i, R"({"a":1})"));
    co_await producer.flush();
    // Record 10,000 is held back: 9,999 is as far as the batch has come.
    EXPECT_EQ(batch.durable_progress(), (Progress{9'999, 0}));
    co_await batch.finish();
  });
}

TEST_F(BatchPublisherTest, ARenamedKeyColumnIsASetUpErrorNotALostChange) {
  test::run_task([&]() -> Task<void> {
    co_await make_topic(1);
    const Routes to = routes();
    kafka::Producer producer(co_await asio::this_coro::executor, cluster_);
    BatchPublisher batch(producer, to, writer_, header());
    bool refused = false;
    try {
      co_await batch.add(update(1, R"({"renamed":1})"));
    } catch (const Failure& failure) {
      refused = failure.kind() == ErrorKind::setup;
    }
    EXPECT_TRUE(refused);
  });
}

}  // namespace
}  // namespace penstock::publish
