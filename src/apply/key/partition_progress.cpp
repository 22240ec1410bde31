#include "apply/key/partition_progress.hpp"

#include <algorithm>
#include <set>

#include "base/check.hpp"
#include "model/json_text.hpp"

namespace penstock::apply {

void PartitionProgress::append_fence(RoundTrip& trip, const Piece& piece, const Outcome& outcome) {
  outcome_ = outcome;
  pg::Params params;
  params.add(session_.pipeline()).add(moves_json(moves_with(outcome), partitions_.all()));
  trip.add("insert_partition_offsets", std::move(params));
  if (!unit_->truncate) append_truncate_guard(trip, piece);
}

void PartitionProgress::append_finish(RoundTrip& trip, const Piece&, const Outcome& outcome) {
  outcome_ = outcome;
  pg::Params params;
  params.add(session_.pipeline()).add(moves_json(moves_with(outcome), partitions_.all()));
  trip.add("finish_partition_offsets", std::move(params));
}

void PartitionProgress::committed() { unit_->moves = moves_with(outcome_); }

// A table's counts stand with whichever of its partitions comes first: they only mean something together.
std::vector<PartitionMove> PartitionProgress::moves_with(const Outcome& outcome) const {
  std::vector<PartitionMove> moves = unit_->moves;
  for (const auto& [table, tally] : outcome.tallies) {
    const auto move = std::find_if(moves.begin(), moves.end(), [&, number = table](const PartitionMove& one) {
      return partitions_.table_of(one.partition) == number;
    });
    PENSTOCK_CHECK(move != moves.end());
    move->to.applied += tally.applied;
    move->to.rejected += tally.rejected;
  }
  return moves;
}

// Rows older than a TRUNCATE that another partition's applier executed must not come behind it. The lock keeps one from
// being executed until these rows are committed, and what was executed before it is looked up behind it: README.md has
// the argument.
void PartitionProgress::append_truncate_guard(RoundTrip& trip, const Piece& piece) const {
  std::set<std::size_t> tables;
  for (const Record& record : piece.records) {
    if (session_.tables()[record.table].spec().partitions > 1 && record.is_row()) tables.insert(record.table);
  }
  if (tables.empty()) return;
  std::string known = "[";
  for (const std::size_t number : tables) {
    const TableSpec& table = session_.tables()[number].spec();
    trip.add_sql(trip.keep("lock table only " + table.target + " in row exclusive mode"));
    const auto done = session_.truncated.find(number);
    const Position at = done == session_.truncated.end() ? Position{} : done->second;
    known.append(known.size() > 1 ? ",{\"relation\":" : "{\"relation\":");
    append_json_string(known, table.relation);
    fmt::format_to(std::back_inserter(known), R"(,"epoch":{},"batch":{},"cdc_id":{},"ordinal":{}}})",
                   static_cast<std::int64_t>(at.epoch), static_cast<std::int64_t>(at.batch), at.cdc_id, at.ordinal);
  }
  known.push_back(']');
  pg::Params params;
  params.add(session_.pipeline()).add(known);
  trip.add("expect_truncates", std::move(params));
}

}  // namespace penstock::apply
