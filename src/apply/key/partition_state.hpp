#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "apply/batch_plan.hpp"
#include "apply/offsets.hpp"
#include "apply/record.hpp"

namespace penstock::apply {

// How far B has come in one partition that moves by itself: its newest row of penstock.partition_offsets.
struct PartitionState {
  std::int64_t next_offset = 0;
  Position highest;        // of the changes taken
  Nonce nonce{};           // of its batch
  std::int64_t count = 0;  // how many records of that batch were taken,
  bool ended = true;       // and whether its last one was among them
  // The record before next_offset, as identity_of() tells it; none where it is of a life of A before.
  std::optional<std::string> last_record;
  std::string snapshot;  // A's, of the last end mark
  // Cumulative. A table's counts are those of all its partitions together: what a transaction did to several of them is
  // counted in one.
  std::int64_t taken = 0;  // changes
  std::int64_t applied = 0;
  std::int64_t rejected = 0;
  std::int64_t poison = 0;

  bool untouched() const { return highest.epoch == Epoch{}; }
  // Behind one more record. A duplicate is passed over.
  void advance(const Record& record, bool duplicate);
};

using Nonces = std::map<std::pair<Epoch, BatchNo>, Nonce>;

// What tells a record from every other one; "" of poison.
std::string identity_of(const Record& record);

// What one transaction does to one partition.
struct PartitionMove {
  std::size_t partition = 0;
  PartitionState from, to;
  Nonces chain;  // the batches it takes something of
};

Task<std::map<kafka::TopicPartition, PartitionState>> load_partition_states(pg::Connection& connection,
                                                                            std::string_view pipeline);
// The batches that B remembers, of all partitions.
Task<Nonces> load_partition_nonces(pg::Connection& connection, std::string_view pipeline);

// As insert_partition_offsets and finish_partition_offsets take them, in the order of topics.
std::string moves_json(std::span<const PartitionMove> moves, const std::vector<kafka::TopicPartition>& numbering);
// As trim_partition_offsets takes them.
std::string trimmed_json(const std::map<kafka::TopicPartition, std::int64_t>& trimmed);

}  // namespace penstock::apply
