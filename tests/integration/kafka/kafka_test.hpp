#pragma once
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "base/error.hpp"
#include "kafka/admin.hpp"
#include "kafka/consumer.hpp"
#include "kafka/producer.hpp"

namespace penstock::kafka {

// A test on the real broker that PENSTOCK_TEST_KAFKA names, with a topic of its own.
class KafkaTest : public ::testing::Test {
 protected:
  void SetUp() override {
    const char* broker = std::getenv("PENSTOCK_TEST_KAFKA");
    ASSERT_NE(broker, nullptr) << "PENSTOCK_TEST_KAFKA=host:port is not set";
    cluster.bootstrap_servers = broker;
    const auto* info = ::testing::UnitTest::GetInstance()->current_test_info();
    topic = std::string(info->test_suite_name()) + "." + info->name() + "." + std::to_string(::getpid()) + "." +
            std::to_string(std::chrono::steady_clock::now().time_since_epoch().count());
  }
  void TearDown() override {
    if (cluster.bootstrap_servers.empty()) return;
    run([this]() -> Task<void> {
      Admin admin(context.get_executor(), cluster);
      const std::vector<std::string> all{topic};
      co_await admin.delete_topics(all);
    });
  }

  // Runs a coroutine to its end and rethrows what it threw.
  template <class Body>
  void run(Body body) {
    std::exception_ptr failure;
    asio::co_spawn(context, body(), [&](std::exception_ptr thrown) { failure = thrown; });
    context.restart();
    context.run();
    if (failure) std::rethrow_exception(failure);
  }

  // `name`=`value`: one of the topic's settings.
  Task<void> create(int partitions = 1, const char* name = nullptr, const char* value = nullptr) {
    Admin admin(context.get_executor(), cluster);
    std::vector<TopicSpec> specs{{topic, partitions, {}}};
    if (name != nullptr) specs[0].config.emplace(name, value);
    co_await admin.create_topics(specs);
  }

  Producer::Record record(std::string_view value, std::int32_t partition = 0) const {
    Producer::Record made;
    made.topic = topic;
    made.partition = partition;
    made.value = value;
    return made;
  }

  // The topic, with one record in it.
  Task<void> create_with_a_record() {
    co_await create();
    Producer producer(context.get_executor(), cluster);
    co_await producer.send(record("x"));
    co_await producer.flush();
  }

  // Sends "0", "1", … and waits for them.
  Task<void> send_numbers(Producer& producer, int count, std::int32_t partition = 0) const {
    for (int i = 0; i < count; ++i) {
      const std::string value = std::to_string(i);
      co_await producer.send(record(value, partition));
    }
    co_await producer.flush();
  }

  // Messages from the start of a partition, until there are so many.
  Task<std::vector<Message>> read(Consumer& consumer, std::size_t count, std::int32_t partition = 0) {
    const std::vector<TopicPartitionOffset> from{{topic, partition, 0}};
    consumer.assign(from);
    std::vector<Message> all;
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
    while (all.size() < count && std::chrono::steady_clock::now() < deadline) {
      auto some = co_await consumer.poll(1'000, std::chrono::seconds(1));
      std::move(some.begin(), some.end(), std::back_inserter(all));
    }
    co_return all;
  }

  // The kind of the Failure that the coroutine ends with.
  template <class Body>
  std::optional<ErrorKind> failure_of(Body body) {
    try {
      run(body);
    } catch (const Failure& failure) {
      what = failure.what();
      return failure.kind();
    }
    return std::nullopt;
  }

  asio::io_context context{1};
  Cluster cluster;
  std::string topic;
  std::string what;  // text of the last failure
};

}  // namespace penstock::kafka
