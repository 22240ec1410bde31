#include "kafka/lost_records.hpp"

namespace penstock::kafka {
namespace {

using namespace std::chrono_literals;

constexpr auto kLookAgain = 200ms;
constexpr auto kLookEvery = 5s;

Failure lost(const TopicPartitionOffset& at, const std::string& what) {
  return {ErrorKind::safety, fmt::format("topic {}, partition {}: B goes on at offset {}, and {}; {}", at.topic,
                                         at.partition, at.offset, what, kCopyAnew)};
}

Task<std::optional<Failure>> find_lost(Admin& admin, std::span<const TopicPartitionOffset> next) {
  std::vector<TopicPartition> partitions;
  for (const auto& at : next) {
    const std::optional<int> count = co_await admin.partition_count(at.topic);
    if (!count) co_return topic_gone(at.topic);
    if (at.partition >= *count) {
      co_return lost(at, fmt::format("the topic has {} partitions now: it was made anew", *count));
    }
    partitions.push_back({at.topic, at.partition});
  }
  const auto marks = co_await admin.watermarks(partitions);
  for (const auto& at : next) {
    const Watermarks& there = marks.at({at.topic, at.partition});
    if (there.low > at.offset) {
      co_return lost(at, fmt::format("the {} records from there on are gone: the topic's retention took them before B "
                                     "read them, or somebody deleted them",
                                     there.low - at.offset));
    }
    if (there.high < at.offset) {
      co_return lost(at, fmt::format("Kafka has only what is before {}: the topic was made anew, or Kafka lost its end",
                                     there.high));
    }
  }
  co_return std::nullopt;
}

}  // namespace

Failure topic_gone(const std::string& topic) {
  return {ErrorKind::safety,
          fmt::format("topic {} is gone: it was deleted, and with it the changes that B had not applied; {}", topic,
                      kCopyAnew)};
}

// A new leader may not know for a moment how far the log goes, nor a broker that has just started which topics there
// are.
Task<void> refuse_lost_records(Admin& admin, std::span<const TopicPartitionOffset> next,
                               std::chrono::milliseconds sure_within) {
  const auto deadline = std::chrono::steady_clock::now() + sure_within;
  for (;;) {
    const std::optional<Failure> found = co_await find_lost(admin, next);
    if (!found) co_return;
    if (std::chrono::steady_clock::now() >= deadline) throw *found;
    co_await sleep_for(kLookAgain);
  }
}

Task<void> TopicWatch::look(Admin& admin) {
  if (Clock::now() - looked_ >= kLookEvery) co_await look_now(admin);
}

Task<void> TopicWatch::look_now(Admin& admin) {
  looked_ = Clock::now();
  const std::optional<std::string> gone = co_await admin.gone(topics_);
  if (gone) throw topic_gone(*gone);
}

}  // namespace penstock::kafka
