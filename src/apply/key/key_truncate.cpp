#include "apply/key/key_truncate.hpp"

#include "base/log.hpp"

namespace penstock::apply {

Task<void> execute_truncate(KeySession& session, Unit& unit, bool wait) {
  const Record& record = unit.piece.records.front();
  TargetSession& target = *session.target;
  const std::size_t table = record.table;
  const Position at = record.position;
  RoundTrip claim;
  claim.add_sql("begin");
  session.progress.append_fence(claim, unit.piece, {});
  pg::Params params;
  params.add(target.pipeline()).add(target.tables()[table].spec().relation);
  params.add(static_cast<std::int64_t>(at.epoch)).add(static_cast<std::int64_t>(at.batch));
  params.add(at.cdc_id).add(std::int64_t{at.ordinal}).add(record.txid);
  claim.add("claim_truncate", std::move(params));
  const std::size_t behind_fence = claim.size() - 1;
  std::vector<pg::Result> claimed;
  try {
    claimed = co_await target.connection().pipeline(claim.steps());
  } catch (const pg::Error& e) {
    const bool at_fence = !target.connection().broken() && target.connection().failed_step() < behind_fence;
    if (at_fence && is_fence(e)) throw Fenced();
    throw;
  }
  Outcome outcome;
  if (!claimed.back().empty()) {
    co_await target.load_truncates();
    std::vector<std::string> emptied;
    for (const auto& [other, position] : target.truncated) {
      // One statement's truncates come in the order of its list.
      const bool since = position > at || target.truncated_by[other] == record.txid;
      if (since && wait) emptied.push_back(target.tables()[other].spec().target);
    }
    if (!wait) {
      log::warn("apply: {} is emptied but for rows that other tables refer to", target.tables()[table].spec().target);
      for (const auto& other : target.tables()) emptied.push_back(other.spec().target);
    }
    const pg::Result row_by_row = co_await target.connection().query(
        "select penstock.emptying_sql($1, $2)", pg::Params::of(target.tables()[table].spec().target, emptied));
    outcome.tallies[table].applied = 1;
    ++unit.moves.front().to.taken;
    RoundTrip empty;
    target.append_emptying(empty, table, row_by_row.empty() ? "" : std::string(row_by_row.text(0, 0)));
    session.ledger.append_supersede_all(empty, table, at);
    co_await target.connection().pipeline(empty.steps());
  }
  RoundTrip finish;
  session.progress.append_finish(finish, unit.piece, outcome);
  finish.add_sql("commit");
  co_await target.connection().pipeline(finish.steps());
  session.progress.committed();
  // Told anew where another was first.
  if (claimed.back().empty()) co_return;
  target.truncated[table] = at;
  target.truncated_by[table] = record.txid;
}

}  // namespace penstock::apply
