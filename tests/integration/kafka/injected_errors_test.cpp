// Errors that brokers answer with now and then, injected by librdkafka's mock cluster, which is there for that alone: a
// real broker cannot be made to give them on demand.
#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>

#include <array>

#include "integration/kafka/kafka_test.hpp"

namespace penstock::kafka {
namespace {

using namespace std::chrono_literals;
using Errors = std::vector<rd_kafka_resp_err_t>;

// Kafka's numbers of requests.
enum Request : std::int16_t {
  kProduce = 0,
  kFetch = 1,
  kMetadata = 3,
  kOffsetCommit = 8,
  kCoordinator = 10,
  kProducerId = 22
};

constexpr int kRecords = 300;

class InjectedErrors : public KafkaTest {
 protected:
  void SetUp() override {
    std::array<char, 512> why{};
    host_.reset(rd_kafka_new(RD_KAFKA_PRODUCER, rd_kafka_conf_new(), why.data(), why.size()));
    ASSERT_TRUE(host_) << why.data();
    brokers_.reset(rd_kafka_mock_cluster_new(host_.get(), 3));
    ASSERT_TRUE(brokers_);
    cluster.bootstrap_servers = rd_kafka_mock_cluster_bootstraps(brokers_.get());
    topic = "injected";
    rd_kafka_mock_topic_create(brokers_.get(), topic.c_str(), 1, 3);
  }
  void TearDown() override {}

  void inject(Request request, const Errors& errors) {
    rd_kafka_mock_push_request_errors_array(brokers_.get(), request, errors.size(), errors.data());
  }

  // As the capture does: after a failure that waiting may mend, a new producer sends what was not acknowledged.
  // Returns how often that was. One record at a time: the mock takes those behind a refused one, which a real broker's
  // sequence numbers do not let in.
  int deliver() {
    int recoveries = 0;
    std::uint64_t delivered = 0;
    run([&]() -> Task<void> {
      while (delivered < kRecords) {
        Producer producer(context.get_executor(), cluster);
        try {
          for (std::uint64_t i = delivered; i < kRecords; ++i) {
            const std::string value = std::to_string(i);
            co_await producer.send(record(value));
            co_await producer.flush();
          }
        } catch (const Failure& failure) {
          EXPECT_TRUE(failure.worth_waiting()) << failure.what();
          ++recoveries;
        }
        delivered += producer.acknowledged_through();
        if (recoveries > 20) throw std::runtime_error("it does not recover");
      }
    });
    return recoveries;
  }

  // What stands in the topic, read to the last record; a failure that waiting may mend is followed by a new assignment.
  std::vector<std::string> read_all() {
    std::vector<std::string> values;
    run([&]() -> Task<void> {
      Consumer consumer(context.get_executor(), cluster, "readers");
      TopicPartitionOffset next{topic, 0, 0};
      consumer.assign({&next, 1});
      const auto deadline = std::chrono::steady_clock::now() + 30s;
      while ((values.empty() || values.back() != std::to_string(kRecords - 1)) &&
             std::chrono::steady_clock::now() < deadline) {
        try {
          const std::vector<Message> messages = co_await consumer.poll(100, 200ms);
          for (const Message& message : messages) {
            values.emplace_back(message.value());
            next.offset = message.offset() + 1;
            consumer.mirror_offsets({&next, 1});
          }
        } catch (const Failure& failure) {
          EXPECT_TRUE(failure.worth_waiting()) << failure.what();
          consumer.assign({&next, 1});
        }
      }
    });
    return values;
  }

  // Nothing lost, nothing out of order; doubled only where a producer had to be made anew.
  void expect_all(const std::vector<std::string>& values, int recoveries) {
    if (recoveries == 0) {
      EXPECT_EQ(values.size(), kRecords);
    }
    int next = 0;
    for (const std::string& value : values) {
      const int number = std::stoi(value);
      EXPECT_LE(number, next) << "a record overtook another";
      if (number == next) ++next;
    }
    EXPECT_EQ(next, kRecords);
  }

  struct DestroyHost {
    void operator()(rd_kafka_t* host) const { rd_kafka_destroy(host); }
  };
  struct DestroyBrokers {
    void operator()(rd_kafka_mock_cluster_t* brokers) const { rd_kafka_mock_cluster_destroy(brokers); }
  };
  std::unique_ptr<rd_kafka_t, DestroyHost> host_;
  std::unique_ptr<rd_kafka_mock_cluster_t, DestroyBrokers> brokers_;
};

TEST_F(InjectedErrors, OfWritingThatPassAreRetriedWithoutLossAndInOrder) {
  inject(kProducerId, {RD_KAFKA_RESP_ERR_COORDINATOR_NOT_AVAILABLE, RD_KAFKA_RESP_ERR_COORDINATOR_LOAD_IN_PROGRESS,
                       RD_KAFKA_RESP_ERR_NOT_COORDINATOR});
  inject(kMetadata, {RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE, RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT});
  inject(kProduce,
         {RD_KAFKA_RESP_ERR_NO_ERROR, RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION, RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS,
          RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS_AFTER_APPEND, RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT,
          RD_KAFKA_RESP_ERR_NO_ERROR, RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE, RD_KAFKA_RESP_ERR_KAFKA_STORAGE_ERROR,
          RD_KAFKA_RESP_ERR__TRANSPORT, RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS});
  const int recoveries = deliver();
  EXPECT_EQ(recoveries, 0) << "librdkafka retries these by itself";
  expect_all(read_all(), recoveries);
}

TEST_F(InjectedErrors, OfATopicThatIsUnknownForAMomentAreWaitedFor) {
  inject(kProduce, {RD_KAFKA_RESP_ERR_NO_ERROR, RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART,
                    RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART});
  const int recoveries = deliver();
  expect_all(read_all(), recoveries);
}

TEST_F(InjectedErrors, ThatAreFatalToAProducerEndItAndTheNextOneGoesOn) {
  inject(kProduce, {RD_KAFKA_RESP_ERR_NO_ERROR, RD_KAFKA_RESP_ERR_OUT_OF_ORDER_SEQUENCE_NUMBER,
                    RD_KAFKA_RESP_ERR_NO_ERROR, RD_KAFKA_RESP_ERR_INVALID_PRODUCER_EPOCH});
  const int recoveries = deliver();
  EXPECT_GE(recoveries, 1);
  EXPECT_LE(recoveries, 2);
  expect_all(read_all(), recoveries);
}

TEST_F(InjectedErrors, OfReadingThatPassAreRetriedWithoutLossAndInOrder) {
  EXPECT_EQ(deliver(), 0);
  inject(kFetch, {RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION, RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT,
                  RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE, RD_KAFKA_RESP_ERR_KAFKA_STORAGE_ERROR,
                  RD_KAFKA_RESP_ERR__TRANSPORT, RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART});
  inject(kCoordinator, {RD_KAFKA_RESP_ERR_COORDINATOR_NOT_AVAILABLE, RD_KAFKA_RESP_ERR_COORDINATOR_NOT_AVAILABLE});
  inject(kOffsetCommit, {RD_KAFKA_RESP_ERR_NOT_COORDINATOR, RD_KAFKA_RESP_ERR_COORDINATOR_LOAD_IN_PROGRESS});
  const std::vector<std::string> values = read_all();
  EXPECT_EQ(values.size(), kRecords);
  expect_all(values, 0);
}

TEST_F(InjectedErrors, AnOffsetOutOfRangeStopsForSafety) {
  EXPECT_EQ(deliver(), 0);
  inject(kFetch, {RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE});
  const auto kind = failure_of([this]() -> Task<void> {
    Consumer consumer(context.get_executor(), cluster, "readers");
    co_await read(consumer, kRecords);
  });
  EXPECT_EQ(kind, ErrorKind::safety) << what;
}

}  // namespace
}  // namespace penstock::kafka
