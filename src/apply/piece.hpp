#pragma once
#include <optional>
#include <vector>

#include "apply/offsets.hpp"
#include "apply/record.hpp"
#include "model/envelope.hpp"

namespace penstock::apply {

// From here on an unfinished batch is applied in pieces, and a partition that runs ahead is paused.
struct PieceLimits {
  std::size_t records_max = 5'000;
  std::size_t bytes_max = 4U << 20;
};

// What is to be applied in one go: a whole batch, a piece of a big one, or poison that came between batches.
struct Piece {
  BatchId id;                   // without a batch in hand: the last one applied
  std::vector<Record> records;  // of the batch, in position order
  std::vector<Record> poison;
  bool of_batch = false;                     // false: nothing but poison
  bool last = false;                         // the batch is complete with this
  std::optional<EndMark> end;                // set when last && of_batch
  std::vector<PartitionPosition> positions;  // where every partition stands once this is committed
};

}  // namespace penstock::apply
