#pragma once
// Owners of librdkafka's handles, for what the tests ask Kafka themselves.
#include <librdkafka/rdkafka.h>

#include <map>
#include <memory>
#include <string>

namespace penstock::test {

template <auto free>
struct Free {
  template <class T>
  void operator()(T* handle) const {
    free(handle);
  }
};
using KafkaClient = std::unique_ptr<rd_kafka_t, Free<rd_kafka_destroy>>;
using KafkaMessage = std::unique_ptr<rd_kafka_message_t, Free<rd_kafka_message_destroy>>;
using KafkaPartitions = std::unique_ptr<rd_kafka_topic_partition_list_t, Free<rd_kafka_topic_partition_list_destroy>>;
using KafkaQueue = std::unique_ptr<rd_kafka_queue_t, Free<rd_kafka_queue_destroy>>;
using KafkaEvent = std::unique_ptr<rd_kafka_event_t, Free<rd_kafka_event_destroy>>;

constexpr int kKafkaTimeout_ms = 20'000;

// Throws std::runtime_error with librdkafka's reason.
KafkaClient kafka_client(rd_kafka_type_t type, const std::map<std::string, std::string>& properties);
void check_kafka(const std::string& what, rd_kafka_resp_err_t error);

}  // namespace penstock::test
