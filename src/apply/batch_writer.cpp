#include "apply/batch_writer.hpp"

#include <set>

#include "base/check.hpp"
#include "base/fail_point.hpp"

namespace penstock::apply {
namespace {

// What penstock.reject() and penstock.absent() raise inside a statement of the fast path: a rule is false for one of
// the rows, or a row of a table without a key is not there.
constexpr std::string_view kFastPathEnds = "PN001";
constexpr std::string_view kAppliedNotCommitted = "apply.applied_not_committed";

bool slow_path_helps(const pg::Error& error) {
  return row_is_to_blame(error) || error.sqlstate() == kFastPathEnds || truncate_is_refused(error);
}

// Records that no statement of the fast path can treat.
bool needs_slow_path(const std::vector<PlanStep>& plan) {
  const auto alone = [](const Record* record) { return record->oversize || record->drifted; };
  return std::any_of(plan.begin(), plan.end(), [&](const PlanStep& step) {
    return !step.late.empty() || std::any_of(step.changes.begin(), step.changes.end(), alone);
  });
}

void count(const std::vector<PlanStep>& plan, Tallies& tallies) {
  for (const auto& step : plan) {
    for (const std::size_t table : step.tables) tallies[table].applied += step.truncate ? 1 : std::ssize(step.changes);
  }
}

}  // namespace

Task<void> BatchWriter::apply(Piece& piece) {
  bool has_bad_rows = false;
  co_await follow_columns(piece.records);
  // The fast path has no moment between the rows and the commit at which a test could kill the process.
  const bool one_by_one = fail_point_armed(kAppliedNotCommitted);
  if (!open_ && piece.last && piece.poison.empty() && !one_by_one) {
    const bool done = co_await apply_at_once(piece);
    if (done) co_return;
    has_bad_rows = true;
  }
  if (!open_) co_await begin(piece);
  co_await apply_in_transaction(piece, has_bad_rows);
  if (!piece.last) {
    fail_point("apply.in_the_middle_of_a_big_batch");
    co_return;
  }
  co_await finish(piece);
}

Task<void> BatchWriter::apply_or_wait(Piece& piece) {
  PENSTOCK_CHECK(piece.last && !open_);  // what is held lives as long as the piece
  ledger_.hold();
  co_await apply(piece);
  ledger_.let_go();
}

Task<void> BatchWriter::abandon() {
  open_.reset();
  ledger_.let_go();
  if (session_.connection().in_transaction()) co_await session_.connection().script("rollback");
}

// The fast path: begin, fence, rows, commit in one round trip. False: a row is bad, and nothing happened.
Task<bool> BatchWriter::apply_at_once(const Piece& piece) {
  Truncated truncated = session_.truncated;
  const std::vector<PlanStep> plan = plan_piece(piece.records, truncated);
  if (needs_slow_path(plan)) co_return false;
  Outcome outcome;
  count(plan, outcome.tallies);

  RoundTrip trip;
  trip.add_sql("begin");
  progress_.append_fence(trip, piece, outcome);
  const std::size_t behind_fence = trip.size();
  const Superseding superseding = append_plan(trip, plan);
  trip.add_sql("commit");
  std::vector<pg::Result> results;
  std::optional<pg::Error> error;
  try {
    results = co_await session_.connection().pipeline(trip.steps());
  } catch (const pg::Error& e) {
    if (session_.connection().broken()) throw;
    const bool at_fence = session_.connection().failed_step() < behind_fence;
    if (at_fence || !slow_path_helps(e)) {
      if (at_fence && is_fence(e)) throw Fenced();
      throw;
    }
    error = e;
  }
  if (error) {
    co_await session_.connection().script("rollback");
    co_return false;
  }
  note_superseded(superseding, results);
  progress_.committed();
  co_return true;
}

Task<void> BatchWriter::begin(const Piece& piece) {
  RoundTrip trip;
  trip.add_sql("begin");
  // A constraint that B checks at commit only would refuse the batch as a whole, with no row to blame.
  trip.add_sql("set constraints all immediate");
  progress_.append_fence(trip, piece, {});
  try {
    co_await session_.connection().pipeline(trip.steps());
  } catch (const pg::Error& e) {
    if (is_fence(e)) throw Fenced();
    throw;
  }
  open_ = std::make_unique<Open>(session_, ledger_, piece.last);
  open_->truncated = session_.truncated;
}

Task<void> BatchWriter::apply_in_transaction(Piece& piece, bool has_bad_rows) {
  std::vector<Reject> foreign;
  for (const auto& record : piece.poison) foreign.push_back(poison(record));
  open_->outcome.poison += std::ssize(foreign);
  co_await ledger_.record(foreign);

  const std::vector<PlanStep> plan = plan_piece(piece.records, open_->truncated);
  if (!has_bad_rows && !open_->slow.waits() && !needs_slow_path(plan)) {
    const bool done = co_await apply_under_savepoint(plan);
    if (done) co_return;
  }
  co_await keep_tables_unaltered(plan);
  // A last piece outlives its transaction: nothing needs to be taken over from it.
  co_await open_->slow.apply(plan, piece.last ? std::span<Record>() : std::span<Record>(piece.records));
}

// A piece as a set, in one round trip; false: a row is bad, and the piece did nothing.
Task<bool> BatchWriter::apply_under_savepoint(const std::vector<PlanStep>& plan) {
  RoundTrip trip;
  trip.add_sql("savepoint penstock_piece");
  const Superseding superseding = append_plan(trip, plan);
  trip.add_sql("release savepoint penstock_piece");
  std::vector<pg::Result> results;
  std::optional<pg::Error> error;
  try {
    results = co_await session_.connection().pipeline(trip.steps());
  } catch (const pg::Error& e) {
    if (session_.connection().broken() || !slow_path_helps(e)) throw;
    error = e;
  }
  if (error) {
    co_await session_.connection().script("rollback to savepoint penstock_piece");
    co_return false;
  }
  note_superseded(superseding, results);
  count(plan, open_->outcome.tallies);
  co_return true;
}

Task<void> BatchWriter::finish(const Piece& piece) {
  co_await open_->slow.finish();
  co_await ledger_.send_held();
  RoundTrip trip;
  progress_.append_finish(trip, piece, open_->outcome);
  co_await session_.connection().pipeline(trip.steps());
  fail_point(kAppliedNotCommitted);
  co_await session_.connection().script("commit");
  progress_.committed();
  open_.reset();
}

// Which columns the images carry decides which statements they go through.
Task<void> BatchWriter::follow_columns(std::span<Record> records) {
  for (Record& record : records) {
    if (record.is_row()) session_.tables()[record.table].recognise(record);
  }
  for (auto& table : session_.tables()) {
    if (table.must_learn()) co_await table.learn(session_.connection(), records);
  }
}

// From here on rows are rejected for what B says of them: it must say it of the tables that the statements know.
Task<void> BatchWriter::keep_tables_unaltered(const std::vector<PlanStep>& plan) {
  std::set<std::size_t> tables;
  for (const auto& step : plan) {
    if (!step.truncate) tables.insert(step.tables.begin(), step.tables.end());
  }
  for (const std::size_t table : tables) co_await session_.tables()[table].keep_unaltered(session_.connection());
}

BatchWriter::Superseding BatchWriter::append_plan(RoundTrip& trip, const std::vector<PlanStep>& plan) const {
  Superseding superseding;
  for (const auto& step : plan) {
    if (step.truncate) {
      session_.append_truncate(trip, step.tables);
    } else {
      append_rows(trip, step);
    }
    for (const std::size_t number : step.tables) {
      const TableApplier& table = session_.tables()[number];
      if (table.open_rejects <= 0 || (table.keyless() && !step.truncate)) continue;
      superseding.emplace_back(trip.size(), number);
      if (step.truncate) {
        ledger_.append_supersede_all(trip, number, step.truncated_at);
      } else {
        ledger_.append_supersede(trip, number, step.changes);
      }
    }
  }
  return superseding;
}

// The slow path puts rows over those that B has against expectation.
void BatchWriter::append_rows(RoundTrip& trip, const PlanStep& step) const {
  const std::size_t number = step.tables.front();
  const TableApplier& table = session_.tables()[number];
  if (table.keyless() && table.open_rejects > 0) ledger_.append_expect_none(trip, number, step.changes);
  table.append_steps(trip, step.changes, TableApplier::Inserts::plain);
}

void BatchWriter::note_superseded(const Superseding& steps, const std::vector<pg::Result>& results) {
  for (const auto& [step, table] : steps) ledger_.superseded(table, results[step]);
}

}  // namespace penstock::apply
