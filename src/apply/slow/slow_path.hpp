#pragma once
#include <map>
#include <memory>
#include <span>
#include <vector>

#include "apply/batch_plan.hpp"
#include "apply/rejects/ledger.hpp"
#include "apply/slow/row_isolation.hpp"
#include "apply/tally.hpp"
#include "apply/target_session.hpp"
#include "base/task.hpp"

namespace penstock::apply {

// B's newest offsets are not those this session built on: another applier was here.
class Fenced : public Failure {
 public:
  Fenced() : Failure(ErrorKind::transient, "another applier was here meanwhile; reading B's offsets anew") {}
};

// Whether the fence raised it: B's newest row is not the one this session knows, or another session wrote the same row.
bool is_fence(const pg::Error& error);

// Constraints refuse rows, perhaps only until another applier has done its part: what was to be done is to be done
// again. The refused records by partition and offset.
class RefusedForNow : public Failure {
 public:
  using Records = std::vector<std::pair<std::size_t, std::int64_t>>;
  RefusedForNow(Records records, pg::Error error)
      : Failure(ErrorKind::transient, error.what()), records_(std::move(records)), error_(std::move(error)) {}
  const Records& records() const { return records_; }
  const pg::Error& error() const { return error_; }

 private:
  Records records_;
  pg::Error error_;
};

// Applies a batch that has bad rows in it: the good ones as sets, the bad ones alone (README.md has the order of
// things). Lives as long as the batch's transaction.
class SlowPath {
 public:
  // whole: all of the batch is applied at once, not in pieces.
  SlowPath(TargetSession& session, Ledger& ledger, Tallies& tallies, bool whole)
      : session_(session), ledger_(ledger), tallies_(tallies), whole_(whole) {}

  // Applies the records' plan. Changes that constraints refuse are deferred, what is to be removed and not there yet is
  // owed; the records they are in are taken over.
  Task<void> apply(const std::vector<PlanStep>& plan, std::span<Record> records);
  // At the end of the batch: retries the deferred until nothing more succeeds, and rejects what is left; while the
  // ledger holds it throws RefusedForNow instead where others may be to blame. What is owed still was never there, and
  // the log says so.
  Task<void> finish();

  // Whether something waits for the batch's later pieces.
  bool waits() const { return !deferred_.empty() || !owed_.empty(); }

 private:
  // The changes of one key, oldest first, whose last one B refuses for now. Never split: an older change must not
  // follow a newer one that succeeded. Without a key one change, whose old image is gone and whose new one is refused.
  struct Chain {
    std::size_t table;
    Changes changes;
    std::optional<pg::Error> error;
  };

  // Without a key: a change whose old image was not there. Of statements inside a statement the inner ones are
  // journaled first, so that what removes an image may come in an earlier piece than what adds it.
  struct Removal {
    std::size_t table;
    const Record* change;
  };

  Task<void> truncate(const PlanStep& step);
  Task<void> apply_rows(const PlanStep& step);
  Task<void> apply_multiset(const PlanStep& step);
  Task<void> apply_sum(std::size_t number, std::span<const Record* const> changes);
  Task<Changes> remove(std::size_t number, const Changes& changes);
  Task<void> remove_run(std::size_t number, std::span<const Record* const> run, Changes& absent);
  Changes take_owed(std::size_t table);
  void owe(std::size_t table, const Changes& absent);
  Task<Changes> valid_ones(const TableApplier& table, const Changes& changes, std::vector<Reject>& rejects);
  Task<std::vector<Chain>> chains_of(std::size_t table, const Changes& changes);
  Task<void> try_chains(std::size_t table, std::vector<Chain> chains, Changes& applied);
  Task<void> settle();
  Task<bool> retry();
  Task<bool> swap();
  Task<bool> swap_in(std::size_t table);
  Task<bool> replay();
  Task<bool> apply_together();
  Task<void> take_as_applied(Chain& chain, std::size_t count);
  Task<void> reject_last_ones();
  void refuse_for_now() const;

  Attempt applying(const TableApplier& table);
  std::vector<Chain> take_deferred(std::size_t table);
  void take_over(std::span<Record> records);

  TargetSession& session_;
  Ledger& ledger_;
  Tallies& tallies_;
  const bool whole_;
  std::vector<Chain> deferred_;
  std::vector<Removal> owed_;
  std::map<std::size_t, std::int64_t> forgiven_;  // by table: removals that were too many to be remembered
  std::vector<std::unique_ptr<Record>> owned_;    // records that the deferred and the owed are in
};

}  // namespace penstock::apply
