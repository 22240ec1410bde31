#pragma once
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "apply/offsets.hpp"
#include "apply/piece.hpp"
#include "apply/record.hpp"
#include "apply/record_decoder.hpp"

namespace penstock::apply {

// Puts batches together out of the records of all partitions. One session's memory: made anew from B's newest offsets
// row after every reconnect. Knows nothing of servers.
class BatchAssembler {
 public:
  BatchAssembler(const Partitions& partitions, const Offsets& from, PieceLimits limits = {});

  void limit(PieceLimits limits) { limits_ = limits; }

  // Takes the next record of its partition. Throws Failure(safety) when going on could lose or double changes.
  void add(Record record);

  // A batch is complete, a piece is full, or poison came while no batch is in hand.
  bool piece_ready() const;
  Piece take_piece();
  // Where every partition stands once all pieces taken so far are committed.
  std::vector<PartitionPosition> positions() const;
  // The last piece taken is committed: goes on with what was kept aside.
  void committed();

  // Something of an unfinished batch was seen.
  bool batch_in_hand() const { return current_.has_value(); }
  bool runs_ahead(std::size_t partition) const;  // enough kept aside: pause it
  // A batch above the one waited for has been seen since the last commit: the one waited for must be in Kafka whole.
  bool waiting_behind_later_batch() const;
  // For people: the batch waited for, and where records of it are missing as far as its end is known.
  std::string awaited() const;
  // The offset of the next record expected from each partition.
  std::int64_t next_offset(std::size_t partition) const { return partitions_[partition].fetched; }

 private:
  struct Partition {
    std::int64_t fetched = 0;      // offset behind the last record that add() got
    std::int64_t next_offset = 0;  // offset behind the last record that a piece (or nothing, a duplicate) holds
    Position highest;              // of the changes taken; nothing at or below it is taken again
    std::int64_t count = 0;        // distinct records of the batch in hand
    std::deque<Record> aside;      // the next batches', waiting
    std::size_t aside_bytes = 0;
  };
  struct Current {
    BatchId id;
    std::optional<EndMark> end;
  };

  bool consider(Partition& partition, Record& record);  // false: it belongs to a later batch
  void begin(const Record& record);
  void take(Partition& partition, Record& record);
  void note_end(const Partition& partition, const Record& record);
  void check_gap(const Partition& behind) const;
  void check_nonce(const Record& record) const;
  [[noreturn]] void stop_for_another_life(const std::string& why, std::pair<Epoch, BatchNo> since) const;
  bool complete() const;
  std::int64_t count_of(const EndMark::Part& part) const;

  const Partitions& numbering_;
  PieceLimits limits_;
  std::optional<BatchId> done_;  // the last batch committed; none on a B that never had one
  std::map<std::pair<Epoch, BatchNo>, Nonce> recent_;
  std::optional<Current> current_;
  std::vector<Partition> partitions_;
  std::vector<Record> pending_, poison_;
  std::size_t pending_bytes_ = 0;
};

}  // namespace penstock::apply
