#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/task.hpp"
#include "kafka/message.hpp"
#include "kafka/properties.hpp"

namespace penstock::kafka {

// An idempotent producer: acks=all, no message timeout, bounded queue, the caller chooses the partition.
// Every sent record gets the next sequence number, from 1. Single-threaded: used from one io_context.
// Throws Failure(transient) from send() and flush() after a fatal producer error or a record that failed for good, and
// Failure(setup) where somebody must mend something first (no such topic, no right, the topic's max.message.bytes below
// ours): destroy it, make a new one, send again from what was acknowledged. A record larger than message.max.bytes
// throws Failure(data) from send() before anything was queued. Brokers that are away are no failure: what is queued is
// delivered once they are back, however long that takes, and a full queue makes send() wait.
class Producer {
 public:
  Producer(asio::any_io_executor executor, const Cluster& cluster);
  Producer(Producer&&) noexcept;
  ~Producer();  // abandons what is queued (purge), returns at once

  struct Record {
    std::string_view topic;
    std::int32_t partition = 0;
    std::optional<std::string_view> key;
    std::string_view value;            // copied into librdkafka's queue
    const Headers* headers = nullptr;  // optional
  };
  // Queues the record and returns its sequence number; waits while the queue is full (back pressure).
  Task<std::uint64_t> send(const Record& record);
  // Waits until every record sent so far is acknowledged.
  Task<void> flush();
  // Called every few seconds while send() or flush() waits for Kafka: for what must not wait as long. What it throws
  // comes out of them.
  void while_waiting(std::function<Task<void>()> look);
  // Every record up to this sequence number is acknowledged.
  std::uint64_t acknowledged_through() const;
  // Where a record went, kept only for records sent while remember_offsets(true) and taken out by the call; -1:
  // unknown.
  void remember_offsets(bool on);
  std::int64_t take_offset(std::uint64_t sequence);

  // What key, value and headers (each with its name and 10 bytes) may come to: message.max.bytes in force, less what
  // Kafka adds.
  std::size_t message_bytes_max() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// Kafka's own partitioner, so that a Java producer with the same key lands in the same partition.
std::uint32_t murmur2(std::string_view bytes);
std::int32_t partition_of(std::string_view key, std::int32_t partitions);

}  // namespace penstock::kafka
