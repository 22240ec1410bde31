#include "apply/slow/slow_path.hpp"

#include <algorithm>
#include <unordered_set>

#include "base/check.hpp"

namespace penstock::apply {
namespace {

// More than this is settled before the batch ends, so that a batch of nothing but refused rows stays within memory.
constexpr std::size_t kDeferredMax = 5'000;

}  // namespace

Task<void> SlowPath::apply(const std::vector<PlanStep>& plan, std::span<Record> records) {
  for (const auto& step : plan) {
    if (step.truncate) {
      co_await truncate(step);
    } else if (session_.tables()[step.tables.front()].keyless()) {
      co_await apply_multiset(step);
    } else {
      co_await apply_rows(step);
    }
  }
  take_over(records);
  if (deferred_.size() > kDeferredMax) co_await settle();
}

bool is_fence(const pg::Error& error) { return error.sqlstate() == "PN002" || row_is_to_blame(error); }

Task<void> SlowPath::truncate(const PlanStep& step) {
  co_await session_.truncate(step.tables, whole_);
  for (const std::size_t table : step.tables) {
    ++tallies_[table].applied;
    // What was refused so far would be gone by now: applied, as far as anybody can tell.
    for (const auto& chain : take_deferred(table)) tallies_[table].applied += std::ssize(chain.changes);
    take_owed(table);
    co_await ledger_.supersede_all(table, step.truncated_at);
  }
}

Task<void> SlowPath::apply_rows(const PlanStep& step) {
  const std::size_t number = step.tables.front();
  TableApplier& table = session_.tables()[number];
  std::vector<Reject> rejects;
  const Changes late = co_await valid_ones(table, step.late, rejects);
  const Changes good = co_await valid_ones(table, step.changes, rejects);
  tallies_[number].applied += std::ssize(late);
  tallies_[number].rejected += std::ssize(rejects);

  // Deferred changes of the same keys are older: they go in front.
  Changes all;
  for (const auto& chain : take_deferred(number)) all.insert(all.end(), chain.changes.begin(), chain.changes.end());
  all.insert(all.end(), good.begin(), good.end());
  std::vector<Chain> chains = co_await chains_of(number, all);
  Changes applied;
  co_await try_chains(number, std::move(chains), applied);

  // First the rejects, then what supersedes them: a bad change may be followed by a good one in the same batch.
  co_await ledger_.record(rejects);
  co_await ledger_.supersede(number, applied);
  // What was refused of them has no row any more to be put right.
  if (!step.late.empty()) co_await ledger_.supersede_all(number, step.truncated_at);
}

// Every image is validated, also those that a later one of the batch replaces: a reject is a fact about a change.
Task<Changes> SlowPath::valid_ones(const TableApplier& table, const Changes& changes, std::vector<Reject>& rejects) {
  std::unordered_set<const Record*> bad;
  const auto reject = [&](Reject&& one) {
    bad.insert(one.record);
    rejects.push_back(std::move(one));
  };
  Changes images, deletes;
  for (const Record* change : changes) {
    if (change->oversize) reject(too_large(*change));
    if (change->drifted) reject(drifted_row(*change, table.drift_of(*change)));
    if (!change->oversize && !change->drifted) (change->op == Op::remove ? deletes : images).push_back(change);
  }

  const Attempt validate = [&](std::span<const Record* const> some) -> Task<void> {
    const std::string array = json_array(some);
    pg::Params params;
    params.add_ref(array.c_str());
    const pg::Result broken = co_await session_.connection().execute(table.validate_statement(), params);
    for (int row = 0; row < broken.rows(); ++row) {
      const auto ordinal = static_cast<std::size_t>(broken.int64(row, 0));
      PENSTOCK_CHECK(ordinal >= 1 && ordinal <= some.size());
      reject(broken_rule(*some[ordinal - 1], broken.text(row, 1)));
    }
  };
  const Attempt read_keys = [&](std::span<const Record* const> some) -> Task<void> {
    const std::string keys = table.json_array_of_keys(some);
    pg::Params params;
    params.add_ref(keys.c_str());
    co_await session_.connection().execute(table.key_groups_statement(), params);
  };
  const std::vector<Refused> bad_images = co_await isolate(session_.connection(), images, validate);
  for (const auto& refused : bad_images) reject(refused_row(*refused.record, refused.error));
  const std::vector<Refused> bad_keys = co_await isolate(session_.connection(), deletes, read_keys);
  for (const auto& refused : bad_keys) reject(refused_row(*refused.record, refused.error));

  Changes good;
  std::copy_if(changes.begin(), changes.end(), std::back_inserter(good),
               [&](const Record* change) { return bad.find(change) == bad.end(); });
  co_return good;
}

// Equal as B's type says, not as JSON text: numeric 1.0 is 1.00.
Task<std::vector<SlowPath::Chain>> SlowPath::chains_of(std::size_t table, const Changes& changes) {
  std::vector<Chain> chains;
  if (changes.empty()) co_return chains;
  const TableApplier& applier = session_.tables()[table];
  const std::string keys = applier.json_array_of_keys(changes);
  pg::Params params;
  params.add_ref(keys.c_str());
  const pg::Result groups = co_await session_.connection().execute(applier.key_groups_statement(), params);
  PENSTOCK_CHECK(groups.rows() == static_cast<int>(changes.size()));
  std::map<std::int64_t, std::size_t> chain_of;
  for (std::size_t i = 0; i < changes.size(); ++i) {
    const auto [found, fresh] = chain_of.try_emplace(groups.int64(static_cast<int>(i), 0), chains.size());
    if (fresh) chains.push_back({table, {}, std::nullopt});
    chains[found->second].changes.push_back(changes[i]);
  }
  // B gets them in the order in which their last changes were made.
  std::sort(chains.begin(), chains.end(),
            [](const Chain& a, const Chain& b) { return a.changes.back()->position < b.changes.back()->position; });
  co_return chains;
}

Attempt SlowPath::applying(const TableApplier& table) {
  return [this, &table](std::span<const Record* const> some) -> Task<void> {
    RoundTrip trip;
    if (table.keyless()) {
      table.append_inserts(trip, some);
    } else {
      table.append_steps(trip, some);
    }
    co_await session_.connection().pipeline(trip.steps());
  };
}

Task<void> SlowPath::try_chains(std::size_t table, std::vector<Chain> chains, Changes& applied) {
  Changes finals;
  for (const auto& chain : chains) finals.push_back(chain.changes.back());
  const Attempt attempt = applying(session_.tables()[table]);
  const std::vector<Refused> refused = co_await isolate(session_.connection(), finals, attempt);
  std::map<const Record*, const pg::Error*> why;
  for (const auto& one : refused) why.emplace(one.record, &one.error);
  for (auto& chain : chains) {
    if (const auto found = why.find(chain.changes.back()); found != why.end()) {
      chain.error = *found->second;
      deferred_.push_back(std::move(chain));
    } else {
      // The last one stands for the whole chain, as on the fast path.
      tallies_[table].applied += std::ssize(chain.changes);
      applied.insert(applied.end(), chain.changes.begin(), chain.changes.end());
    }
  }
}

std::vector<SlowPath::Chain> SlowPath::take_deferred(std::size_t table) {
  std::vector<Chain> taken;
  std::erase_if(deferred_, [&](Chain& chain) {
    if (chain.table != table) return false;
    taken.push_back(std::move(chain));
    return true;
  });
  return taken;
}

// What waits outlives the piece it came in.
void SlowPath::take_over(std::span<Record> records) {
  std::map<const Record*, const Record*> moved;
  const auto keep = [&](const Record*& change) {
    const bool inside =
        !std::less<>{}(change, records.data()) && std::less<>{}(change, records.data() + records.size());
    if (!inside) return;
    const auto [place, fresh] = moved.try_emplace(change, nullptr);
    if (fresh) {
      Record& record = records[static_cast<std::size_t>(change - records.data())];
      owned_.push_back(std::make_unique<Record>(std::move(record)));
      place->second = owned_.back().get();
    }
    change = place->second;
  };
  for (auto& chain : deferred_) {
    for (auto& change : chain.changes) keep(change);
  }
  for (auto& removal : owed_) keep(removal.change);
}

}  // namespace penstock::apply
