#pragma once
#include <chrono>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "kafka/admin.hpp"

namespace penstock::kafka {

// The way on where Kafka has lost what was acknowledged.
constexpr std::string_view kCopyAnew = "`penstock migrate --new-epoch` accepts that and copies everything again";

// Failure(safety): the topic was deleted, and with it what B had not applied.
Failure topic_gone(const std::string& topic);

// Throws Failure(safety) that names the topic, the partition and what is missing, where Kafka does not have what lies
// at these offsets (the next ones to be read): the topic deleted or made anew, records deleted by retention or by hand,
// the log's end lost. Looks again for this long before it says so. Throws Failure(transient) while no broker answers.
Task<void> refuse_lost_records(Admin& admin, std::span<const TopicPartitionOffset> next,
                               std::chrono::milliseconds sure_within = std::chrono::seconds(3));

// For consumers: librdkafka does not always say that a topic was deleted under one of them, it falls silent.
class TopicWatch {
 public:
  using Clock = std::chrono::steady_clock;
  explicit TopicWatch(std::vector<std::string> topics) : topics_(std::move(topics)) {}

  // To be called again and again; asks every few seconds. Throws Failure(safety) when one is gone.
  Task<void> look(Admin& admin);
  Task<void> look_now(Admin& admin);

 private:
  const std::vector<std::string> topics_;
  Clock::time_point looked_ = Clock::now();
};

}  // namespace penstock::kafka
