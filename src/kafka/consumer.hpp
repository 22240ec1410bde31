#pragma once
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/task.hpp"
#include "kafka/message.hpp"
#include "kafka/properties.hpp"

namespace penstock::kafka {

// A consumer with partitions given by assignment (no group rebalance can split a batch), or by the group, shared with
// its other members. Bounded fetch queue,
// auto.offset.reset=error, no auto commit, isolation irrelevant (no transactions are used).
// Throws Failure: safety (offset out of range: topic recreated or retention passed us), setup (unknown topic, not
// authorised), transient (anything else); assign again after any of them. Brokers that are away are no failure:
// librdkafka connects again by itself, poll() returns nothing meanwhile, and the log says so once. A Message must not
// outlive its Consumer.
class Consumer {
 public:
  // group: the consumer group whose committed offsets mirror B's, for people's tools.
  Consumer(asio::any_io_executor executor, const Cluster& cluster, std::string group);
  // A member of the group, which shares these topics' partitions with its other members.
  Consumer(asio::any_io_executor executor, const Cluster& cluster, std::string group,
           std::span<const std::string> topics);
  Consumer(Consumer&&) noexcept;
  ~Consumer();

  // Of a member: what the group gave and took, once whenever it did; poll() returns nothing else then. What was taken
  // is read no more. What was given, be it no partition at all, must go to add(); until then nothing is read.
  struct Moved {
    std::optional<std::vector<TopicPartition>> given;
    std::vector<TopicPartition> taken;
  };
  std::optional<Moved> take_moved();
  bool joining() const;  // a member whom the group has given nothing yet
  void add(std::span<const TopicPartitionOffset> from);
  // Partitions that were added are read from elsewhere; what was fetched of them is forgotten.
  void rewind(std::span<const TopicPartitionOffset> to);
  // Leaves the group, so that the others need not wait for a dead member's session to end. Five seconds at most; the
  // consumer is good for nothing then.
  Task<void> leave();

  // Asks who leads the partitions of these topics, for a second at most, so that assign() reads all of them in its
  // first fetch. One whose leader it learns later waits for that fetch to end, which a broker holds for half a second
  // while there is no news.
  Task<void> find_leaders(std::span<const std::string> topics);
  // Reads from exactly these offsets, forgetting everything fetched before.
  void assign(std::span<const TopicPartitionOffset> from);
  // Messages that are there, at most messages_max, waiting up to timeout for the first; empty on timeout. Call it every
  // few seconds even while paused: errors, the log and the mirror move here.
  Task<std::vector<Message>> poll(std::size_t messages_max, std::chrono::milliseconds timeout);
  // Whoever waits in poll() hears that the timeout came.
  void end_poll();
  // Bytes of messages fetched are bounded by the queue; pause while somebody else must catch up.
  void pause(std::span<const TopicPartition> partitions);
  void resume(std::span<const TopicPartition> partitions);
  // Writes the group's offsets without waiting, at most every 100 ms, what is left by the next poll(): a mirror for
  // people; failures are only logged at debug level.
  void mirror_offsets(std::span<const TopicPartitionOffset> next);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace penstock::kafka
