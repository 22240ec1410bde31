#pragma once
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "apply/rejects/reject.hpp"
#include "base/task.hpp"
#include "kafka/producer.hpp"

namespace penstock::apply {

// Sends rejects to the pipeline's dead-letter topic: the original key, value and headers, and headers of ours that say
// why, where from, and which change it was; Kafka Connect's names for the same, for tools that know those.
class DeadLetters {
 public:
  DeadLetters(kafka::Cluster cluster, std::string topic, std::string pipeline)
      : cluster_(std::move(cluster)), topic_(std::move(topic)), pipeline_(std::move(pipeline)) {}

  struct Sent {
    std::int32_t partition = 0;
    std::int64_t offset = -1;  // -1: unknown
  };
  // Returns once Kafka has acknowledged all of them, in order. Throws what Producer throws; the next call begins with a
  // new producer then.
  Task<std::vector<Sent>> send(std::span<const Reject> rejects);
  const std::string& topic() const { return topic_; }

 private:
  Task<std::vector<Sent>> send_through(kafka::Producer& producer, std::span<const Reject> rejects);
  Task<void> refuse_missing_topic() const;
  Task<std::uint64_t> send_one(kafka::Producer& producer, const Reject& reject);
  kafka::Headers headers_of(const Reject& reject) const;

  kafka::Cluster cluster_;
  std::string topic_;
  std::string pipeline_;
  std::unique_ptr<kafka::Producer> producer_;
};

}  // namespace penstock::apply
