#pragma once
#include <cstdint>

#include "apply/piece.hpp"
#include "apply/table/table_applier.hpp"
#include "apply/tally.hpp"

namespace penstock::apply {

// What became of the records of one transaction.
struct Outcome {
  Tallies tallies;
  std::int64_t poison = 0;
};

// What B remembers of how far it has come, written in the transaction of the rows it speaks of. Two kinds: of whole
// batches (BatchProgress), and of partitions that move independently (PartitionProgress).
class Progress {
 public:
  virtual ~Progress() = default;

  // The fence: goes first, behind `begin`, and ends the transaction where B's newest row is not the one that this
  // session started from or wrote last. `piece` is the transaction's last or only one, or its first.
  virtual void append_fence(RoundTrip& trip, const Piece& piece, const Outcome& outcome) = 0;
  // The same row completed: for transactions whose outcome was not known when they began.
  virtual void append_finish(RoundTrip& trip, const Piece& piece, const Outcome& outcome) = 0;
  // What was appended last is committed.
  virtual void committed() = 0;
};

}  // namespace penstock::apply
