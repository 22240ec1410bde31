#pragma once
#include <optional>
#include <vector>

#include "apply/piece.hpp"
#include "apply/progress.hpp"
#include "apply/rejects/dead_letters.hpp"
#include "apply/rejects/ledger.hpp"
#include "apply/slow/slow_path.hpp"
#include "apply/target_session.hpp"

namespace penstock::apply {

// One transaction on B: rows, ledger, books and offsets, all or nothing.
class BatchWriter {
 public:
  BatchWriter(TargetSession& session, DeadLetters& letters, Progress& progress)
      : session_(session), ledger_(session, letters), progress_(progress) {}

  // Applies a piece. When it was the last one of its batch (or poison alone) everything is committed on return. Throws
  // pg::Error, or Failure(transient) when the fence turned us away; after any failure the session is to be thrown away,
  // or abandon() to be called.
  Task<void> apply(Piece& piece);
  // The same where rows that a constraint refuses may be waiting for another applier: nothing is rejected for that, and
  // no dead letter is sent before it is certain that the piece goes through. Throws RefusedForNow.
  Task<void> apply_or_wait(Piece& piece);
  // Ends a transaction that failed on a connection that did not: nothing of it happened.
  Task<void> abandon();

  bool in_transaction() const { return open_ != nullptr; }

 private:
  // The transaction of a batch that does not fit into one round trip.
  struct Open {
    Open(TargetSession& session, Ledger& ledger, bool whole) : slow(session, ledger, outcome.tallies, whole) {}
    Truncated truncated;
    Outcome outcome;
    SlowPath slow;
  };

  Task<bool> apply_at_once(const Piece& piece);
  Task<void> begin(const Piece& piece);
  Task<void> apply_in_transaction(Piece& piece, bool has_bad_rows);
  Task<bool> apply_under_savepoint(const std::vector<PlanStep>& plan);
  Task<void> finish(const Piece& piece);

  Task<void> follow_columns(std::span<Record> records);
  Task<void> keep_tables_unaltered(const std::vector<PlanStep>& plan);

  // Steps of a plan, and which of them tell how much they superseded.
  using Superseding = std::vector<std::pair<std::size_t, std::size_t>>;  // step, table
  Superseding append_plan(RoundTrip& trip, const std::vector<PlanStep>& plan) const;
  void append_rows(RoundTrip& trip, const PlanStep& step) const;
  void note_superseded(const Superseding& steps, const std::vector<pg::Result>& results);

  TargetSession& session_;
  Ledger ledger_;
  Progress& progress_;
  std::unique_ptr<Open> open_;
};

}  // namespace penstock::apply
