// SlowPath at the end of a batch: what constraints refused so far is tried again, each way in which it may be the
// others' fault, and the rest is rejected.
#include <algorithm>
#include <unordered_set>

#include "apply/slow/slow_path.hpp"
#include "base/check.hpp"
#include "base/log.hpp"

namespace penstock::apply {
namespace {

// What another applier's rows may be to blame for: foreign keys, unique and exclusion constraints.
bool others_may_be_to_blame(const pg::Error& error) {
  const std::string_view state = error.sqlstate();
  return state == "23503" || state == "23505" || state == "23P01";
}

}  // namespace

Task<void> SlowPath::finish() {
  co_await settle();
  for (const auto& removal : owed_) ++forgiven_[removal.table];
  for (const auto& [table, count] : forgiven_) {
    log::warn("apply: {} rows that A removed from {} were not there on B: `penstock verify` tells whether it is right",
              count, session_.tables()[table].spec().target);
  }
}

Task<void> SlowPath::settle() {
  while (!deferred_.empty()) {
    const bool some_more = co_await retry();
    if (some_more) continue;
    const bool swapped = co_await swap();
    if (swapped) continue;
    const bool replayed = co_await replay();
    if (replayed) continue;
    const bool joined = co_await apply_together();
    if (joined) continue;
    if (ledger_.holding()) refuse_for_now();
    co_await reject_last_ones();
  }
  std::unordered_set<const Record*> needed;
  for (const auto& removal : owed_) needed.insert(removal.change);
  std::erase_if(owned_, [&](const auto& record) { return needed.find(record.get()) == needed.end(); });
}

// True when at least one chain was applied.
Task<bool> SlowPath::retry() {
  const std::size_t before = deferred_.size();
  for (std::size_t table = 0; table < session_.tables().size(); ++table) {
    std::vector<Chain> chains = take_deferred(table);
    if (chains.empty()) continue;
    Changes applied;
    co_await try_chains(table, std::move(chains), applied);
    co_await ledger_.supersede(table, applied);
  }
  co_return deferred_.size() < before;
}

Task<bool> SlowPath::swap() {
  for (std::size_t table = 0; table < session_.tables().size(); ++table) {
    const bool swapped = co_await swap_in(table);
    if (swapped) co_return true;
  }
  co_return false;
}

// Two rows that swap a unique value refuse each other for ever: their keys are deleted and inserted at once. Those that
// are refused even so leave the set, until it fits as a whole or is too small to be a swap.
Task<bool> SlowPath::swap_in(std::size_t table) {
  TableApplier& applier = session_.tables()[table];
  if (applier.delete_cascades() || applier.keyless()) co_return false;  // without a key nobody refers to it
  Changes set;
  for (const auto& chain : deferred_) {
    if (chain.table == table && chain.changes.back()->op != Op::remove) set.push_back(chain.changes.back());
  }
  const Attempt attempt = applying(applier);
  std::size_t refused_now = 0;
  const Attempt delete_and_insert = [&](std::span<const Record* const> some) -> Task<void> {
    RoundTrip trip;
    applier.append_delete_keys(trip, some);
    co_await session_.connection().pipeline(trip.steps());
    const std::vector<Refused> refused = co_await isolate(session_.connection(), some, attempt);
    refused_now = refused.size();
    std::unordered_set<const Record*> out;
    for (const auto& one : refused) out.insert(one.record);
    std::erase_if(set, [&](const Record* change) { return out.find(change) != out.end(); });
    if (!refused.empty()) throw refused.front().error;  // the savepoint brings the deleted rows back
  };
  while (set.size() >= 2) {
    const Changes now = set;
    refused_now = 0;
    const std::optional<pg::Error> error = co_await attempt_once(session_.connection(), now, delete_and_insert);
    if (!error) {
      // The set is in: its chains are applied.
      Changes applied;
      const std::unordered_set<const Record*> in(now.begin(), now.end());
      std::erase_if(deferred_, [&](const Chain& chain) {
        if (in.find(chain.changes.back()) == in.end()) return false;
        tallies_[table].applied += std::ssize(chain.changes);
        applied.insert(applied.end(), chain.changes.begin(), chain.changes.end());
        return true;
      });
      co_await ledger_.supersede(table, applied);
      co_return true;
    }
    if (refused_now == 0) co_return false;  // not even the deletes went through
  }
  co_return false;
}

// Rows that refer to each other: A put them there change by change, and so they go into B. What a key was before its
// last change, which is refused, is applied; then the last one may fit.
Task<bool> SlowPath::replay() {
  std::vector<std::pair<const Record*, std::size_t>> earlier;
  for (std::size_t i = 0; i < deferred_.size(); ++i) {
    const Changes& changes = deferred_[i].changes;
    for (auto change = changes.begin(); change + 1 < changes.end(); ++change) earlier.emplace_back(*change, i);
  }
  std::sort(earlier.begin(), earlier.end(),
            [](const auto& a, const auto& b) { return a.first->position < b.first->position; });
  std::vector<std::size_t> done(deferred_.size(), 0);
  std::vector<bool> refused(deferred_.size(), false);
  for (const auto& [change, chain] : earlier) {
    // A deletion that would take along rows that others were given since.
    const bool cascades = change->op == Op::remove && session_.tables()[deferred_[chain].table].delete_cascades();
    if (refused[chain] || cascades) {
      refused[chain] = true;
      continue;
    }
    const Changes one{change};
    const Attempt attempt = applying(session_.tables()[deferred_[chain].table]);
    const std::optional<pg::Error> error = co_await attempt_once(session_.connection(), one, attempt);
    refused[chain] = error.has_value();
    if (!error) ++done[chain];
  }
  for (std::size_t i = 0; i < deferred_.size(); ++i) co_await take_as_applied(deferred_[i], done[i]);
  co_return std::any_of(done.begin(), done.end(), [](std::size_t count) { return count > 0; });
}

// The chain's first `count` changes are applied.
Task<void> SlowPath::take_as_applied(Chain& chain, std::size_t count) {
  if (count == 0) co_return;
  const auto end = chain.changes.begin() + static_cast<std::ptrdiff_t>(count);
  const Changes applied(chain.changes.begin(), end);
  chain.changes.erase(chain.changes.begin(), end);
  tallies_[chain.table].applied += std::ssize(applied);
  co_await ledger_.supersede(chain.table, applied);
}

// The same where B's constraints may be deferred: all at once, then they are checked.
Task<bool> SlowPath::apply_together() {
  Changes lasts;
  for (const auto& chain : deferred_) lasts.push_back(chain.changes.back());
  if (lasts.size() < 2) co_return false;
  const Attempt attempt = [&](std::span<const Record* const>) -> Task<void> {
    RoundTrip trip;
    trip.add_sql("set constraints all deferred");
    for (const auto& chain : deferred_) {
      const Changes last{chain.changes.back()};
      const TableApplier& table = session_.tables()[chain.table];
      table.keyless() ? table.append_inserts(trip, last) : table.append_steps(trip, last);
    }
    trip.add_sql("set constraints all immediate");
    co_await session_.connection().pipeline(trip.steps());
  };
  const std::optional<pg::Error> error = co_await attempt_once(session_.connection(), lasts, attempt);
  if (error) co_return false;
  for (auto& chain : deferred_) co_await take_as_applied(chain, chain.changes.size());
  deferred_.clear();
  co_return true;
}

void SlowPath::refuse_for_now() const {
  RefusedForNow::Records refused;
  const pg::Error* error = nullptr;
  for (const auto& chain : deferred_) {
    PENSTOCK_CHECK(chain.error.has_value());
    if (!others_may_be_to_blame(*chain.error)) continue;
    error = &*chain.error;
    for (const Record* change : chain.changes) refused.emplace_back(change->partition, change->offset);
  }
  if (error != nullptr) throw RefusedForNow(std::move(refused), *error);
}

// Per key the last change that is not rejected wins: what stood before the rejected one gets its turn.
Task<void> SlowPath::reject_last_ones() {
  std::vector<Reject> rejects;
  for (auto& chain : deferred_) {
    PENSTOCK_CHECK(chain.error.has_value());
    rejects.push_back(refused_row(*chain.changes.back(), *chain.error));
    ++tallies_[chain.table].rejected;
    chain.changes.pop_back();
  }
  std::erase_if(deferred_, [](const Chain& chain) { return chain.changes.empty(); });
  co_await ledger_.record(rejects);
}

}  // namespace penstock::apply
