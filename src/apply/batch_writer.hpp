#pragma once
#include <optional>
#include <vector>

#include "apply/batch_assembler.hpp"
#include "apply/dead_letters.hpp"
#include "apply/ledger.hpp"
#include "apply/slow_path.hpp"
#include "apply/target_session.hpp"

namespace penstock::apply {

// One transaction on B a batch: rows, ledger, books and offsets, all or nothing.
class BatchWriter {
 public:
  BatchWriter(TargetSession& session, DeadLetters& letters) : session_(session), ledger_(session, letters) {}

  // Applies a piece. When it was the last one of its batch (or poison alone) everything is committed on return.
  // `positions`: where the partitions stand behind this piece. Throws pg::Error, or Failure(transient) when the fence
  // turned us away; after any failure the session is to be thrown away.
  Task<void> apply(Piece piece, std::vector<PartitionPosition> positions);

  bool in_transaction() const { return open_ != nullptr; }

 private:
  // The transaction of a batch that does not fit into one round trip.
  struct Open {
    Open(TargetSession& session, Ledger& ledger) : slow(session, ledger, tallies) {}
    Truncated truncated;
    Tallies tallies;
    std::int64_t poison = 0;
    SlowPath slow;
  };

  Task<bool> apply_at_once(const Piece& piece, const std::vector<PartitionPosition>& positions);
  Task<void> begin(const Offsets& next);
  Task<void> apply_in_transaction(Piece& piece, bool has_bad_rows);
  Task<bool> apply_under_savepoint(const std::vector<PlanStep>& plan);
  Task<void> finish(const Piece& piece, std::vector<PartitionPosition> positions);

  Offsets next_offsets(const Piece& piece, std::vector<PartitionPosition> positions, const Tallies& tallies,
                       std::int64_t poison) const;
  void append_fence(RoundTrip& trip, const Offsets& next) const;
  Task<void> follow_columns(std::span<Record> records);
  Task<void> keep_tables_unaltered(const std::vector<PlanStep>& plan);

  // Steps of a plan, and which of them tell how much they superseded.
  using Superseding = std::vector<std::pair<std::size_t, std::size_t>>;  // step, table
  Superseding append_plan(RoundTrip& trip, const std::vector<PlanStep>& plan) const;
  void append_rows(RoundTrip& trip, const PlanStep& step) const;
  void note_superseded(const Superseding& steps, const std::vector<pg::Result>& results);

  TargetSession& session_;
  Ledger ledger_;
  std::unique_ptr<Open> open_;
};

}  // namespace penstock::apply
