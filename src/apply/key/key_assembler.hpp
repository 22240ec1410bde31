#pragma once
#include <chrono>
#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

#include "apply/key/partition_state.hpp"
#include "apply/piece.hpp"
#include "apply/record_decoder.hpp"

namespace penstock::apply {

// What one transaction applies under consistency = "key": what was read of some partitions, in order.
struct Unit {
  Piece piece;                     // of all of them, in position order
  std::vector<Record> duplicates;  // passed over
  std::vector<PartitionMove> moves;
  bool truncate = false;  // one TRUNCATE and nothing else: it must not meet its own table's rows in one transaction
};

// Puts units together out of the records of partitions that move independently, each by its own rules: order,
// duplicates, gaps, the chain of nonces. Knows nothing of servers. (key_assembler.cpp has the argument.)
class KeyAssembler {
 public:
  using Clock = std::chrono::steady_clock;

  KeyAssembler(const Partitions& partitions, PieceLimits limits);

  // A partition becomes ours, with what B says of it. With `check_last` the record before its next offset is read
  // first, and must be the one that B had.
  void begin(std::size_t partition, PartitionState from, bool check_last);
  // It is another's: what is in memory of it is forgotten.
  void forget(std::size_t partition) { feeds_[partition] = {}; }
  // Batches that B has heard of, from whomever. Throws Failure(safety) where they are not those heard of here.
  void remember(const Nonces& recent);
  // The newest of all batches heard of.
  std::optional<std::pair<Epoch, BatchNo>> newest() const {
    return recent_.empty() ? std::nullopt : std::optional(recent_.rbegin()->first);
  }

  // Takes the next record of its partition. Throws Failure(safety) when going on could lose or double changes.
  void add(Record record);

  bool ready(Clock::time_point now) const;
  Unit take(Clock::time_point now);
  // The unit is on B.
  void committed(const Unit& unit);
  // Nothing of the unit is on B, and it will come again. Of a unit of several partitions those that these records are
  // of come alone from then on; of one partition, in smaller units or as a whole, by turns, and not at once.
  void put_back(Unit unit, const std::vector<std::pair<std::size_t, std::int64_t>>& refused, Clock::time_point now);
  // Since when a partition is held up by refused rows.
  std::optional<Clock::time_point> held_up_since(const Unit& unit) const;

  bool holds_up() const;                         // a partition is held up
  bool runs_ahead(std::size_t partition) const;  // enough is queued: pause it

 private:
  struct Queued {
    Record record;
    bool duplicate = false;
  };
  struct Feed {
    bool ours = false;
    bool check_last = false;
    PartitionState row;    // what B has
    PartitionState ahead;  // once all that is queued is on B
    std::deque<Queued> queue;
    std::size_t bytes = 0;

    // Held up by rows that constraints refuse.
    bool alone = false;
    std::size_t records_max = 0;  // in its next unit; 0: no bound of its own
    std::optional<Clock::time_point> held_up_since;
    Clock::time_point retry_at{};
    Clock::duration pause{};
  };

  bool is_duplicate(const Feed& feed, const Record& record) const;
  void check_begin(const Feed& feed, const Record& record) const;
  void check_end(const Feed& feed, const Record& record) const;
  void note_nonce(const Record& record);
  std::string name_of(const Record& record) const;

  bool waits(const Feed& feed, Clock::time_point now) const { return feed.queue.empty() || now < feed.retry_at; }
  static bool at_truncate(const Feed& feed);
  void move_into(Unit& unit, std::size_t partition);
  void hold_up(Feed& feed, std::size_t size, std::size_t good, Clock::time_point now);

  const Partitions& numbering_;
  const PieceLimits limits_;
  std::vector<Feed> feeds_;
  Nonces recent_;         // of all partitions
  std::size_t turn_ = 0;  // whose records come first in the next unit
};

}  // namespace penstock::apply
