#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "model/position.hpp"

namespace penstock {

// Debezium's letters, and `mark` of ours for a batch that holds no change at all.
enum class Op : char { create = 'c', update = 'u', remove = 'd', read = 'r', truncate = 't', mark = 'm' };

// How a batch ends; on the last record of each partition that the batch touched.
struct EndMark {
  std::int64_t count = 0;  // records of the batch in this record's own partition
  struct Part {
    std::string topic;
    std::int32_t partition = 0;
    std::int64_t count = 0;  // records of the batch in this partition
    bool operator==(const Part&) const = default;
  };
  std::int64_t total = 0;                                      // records of the whole batch
  std::string snapshot;                                        // pg_snapshot of A that the batch ends at, as text
  std::vector<std::pair<std::string, std::int64_t>> captured;  // cumulative changes of each relation the batch touched
  std::vector<Part> parts;                                     // every partition touched
  bool operator==(const EndMark&) const = default;
};

// One change as it stands in Kafka. A create, update or read without `after` is a row that was too large to be written
// as JSON; its key stands in `before`.
struct Envelope {
  Op op = Op::create;
  Position position;
  Nonce nonce{};
  Nonce previous{};  // nonce of the batch before
  std::string_view relation_schema;
  std::string_view relation_table;
  std::int64_t txid = 0;
  std::int64_t ts_ms = 0;   // when the change was made on A (changed_at), Unix milliseconds
  std::string_view before;  // JSON object, or empty for null
  std::string_view after;   // JSON object, or empty for null
};

}  // namespace penstock
