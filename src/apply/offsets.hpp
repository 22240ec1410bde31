#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/task.hpp"
#include "kafka/message.hpp"
#include "model/position.hpp"
#include "pg/connection.hpp"

namespace penstock::apply {

struct BatchId {
  Epoch epoch{};
  BatchNo batch{};
  Nonce nonce{};
  bool operator==(const BatchId&) const = default;
};

// How far B has come in one partition.
struct PartitionPosition {
  kafka::TopicPartition where;
  std::int64_t next_offset = 0;
  Position highest;  // of the changes applied
};

// Cumulative counts of one relation, in changes.
struct Books {
  std::int64_t captured = 0;  // as the newest end mark of the relation says
  std::int64_t applied = 0;
  std::int64_t rejected = 0;
};

// B's newest row of penstock.offsets: what B reflects.
struct Offsets {
  std::optional<BatchId> last;  // none: B never had a batch
  std::int64_t step = 0;
  std::string snapshot;
  std::vector<PartitionPosition> positions;
  std::map<std::string, Books, std::less<>> books;
  std::int64_t poison = 0;
  std::map<std::pair<Epoch, BatchNo>, Nonce> recent;  // nonces of the batches B still has rows of
};

Task<Offsets> load_offsets(pg::Connection& connection, std::string_view pipeline);

// As the columns of penstock.offsets hold them.
std::string positions_json(std::span<const PartitionPosition> positions);
std::string books_json(const std::map<std::string, Books, std::less<>>& books);

}  // namespace penstock::apply
