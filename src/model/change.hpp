#pragma once
#include <compare>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "model/envelope.hpp"

namespace penstock {

// One change as the journal (or a backfill slice) holds it. The views live as long as what they were read from.
struct Change {
  Op op = Op::create;
  std::int64_t cdc_id = 0;
  std::int32_t ordinal = 0;
  std::int64_t txid = 0;
  std::int64_t ts_ms = 0;     // when it was made on A, Unix milliseconds
  std::string_view relation;  // "public.employee_a"
  std::string_view image;  // the row as a JSON object; its key of a delete and of an oversize row; empty for a truncate
  std::string_view before;  // the whole old row of an update, where the table has no key; a delete's stands in image
  bool oversize = false;    // too large to be written as JSON
};

// How far a batch has come for good: this change and every earlier one is acknowledged by Kafka.
struct Progress {
  std::int64_t cdc_id = 0;
  std::int32_t ordinal = -1;
  auto operator<=>(const Progress&) const = default;
};

// What every record of one batch carries, known when the batch is opened.
struct BatchHeader {
  Epoch epoch{};
  BatchNo number{};
  Nonce nonce{};
  Nonce previous{};                                            // nonce of the batch before
  std::string snapshot;                                        // the pg_snapshot of A that the batch ends at
  std::vector<std::pair<std::string, std::int64_t>> captured;  // cumulative changes of each relation of the pipeline
};

}  // namespace penstock
