// SlowPath on tables without a key.
#include <algorithm>

#include "apply/slow/slow_path.hpp"
#include "apply/table/multiset.hpp"
#include "base/check.hpp"

namespace penstock::apply {
namespace {

// What is owed is kept in memory, up to this.
constexpr std::size_t kOwedMax = 100'000;

}  // namespace

Task<void> SlowPath::apply_multiset(const PlanStep& step) {
  const std::size_t number = step.tables.front();
  tallies_[number].applied += std::ssize(step.late);
  std::span<const Record* const> changes = step.changes;
  while (!changes.empty()) {
    const std::size_t count = of_one_shape(changes);
    co_await apply_sum(number, changes.first(count));
    changes = changes.subspan(count);
  }
}

// What A removed goes, also where the image that came instead is refused: B would keep the old one for ever.
Task<void> SlowPath::apply_sum(std::size_t number, std::span<const Record* const> changes) {
  std::vector<Reject> rejects;
  Changes whole, waiting;
  for (const Record* change : changes) {
    if (change->oversize) {
      rejects.push_back(too_large(*change));
    } else {
      whole.push_back(change);
    }
  }
  for (const auto& chain : take_deferred(number)) waiting.push_back(chain.changes.front());

  Multiset sum = sum_up(waiting, whole, Untouched::replaced);
  const Changes expected = co_await ledger_.take_back(number, sum.removed);
  Changes absent = co_await remove(number, expected);
  const Changes owed = take_owed(number);
  absent.insert(absent.end(), owed.begin(), owed.end());
  sum.removed = std::move(absent);
  cancel(sum);
  tallies_[number].applied += std::ssize(waiting) + std::ssize(whole) - std::ssize(sum.added);
  const Changes good = co_await valid_ones(session_.tables()[number], sum.added, rejects);
  tallies_[number].rejected += std::ssize(rejects);

  std::vector<Chain> chains;
  for (const Record* change : good) chains.push_back({number, {change}, std::nullopt});
  Changes applied;
  co_await try_chains(number, std::move(chains), applied);
  // Images that B stores alike may have been written differently: one of them came and went.
  absent = co_await remove(number, sum.removed);
  owe(number, absent);
  co_await ledger_.record(rejects);
}

Changes SlowPath::take_owed(std::size_t table) {
  Changes taken;
  std::erase_if(owed_, [&](const Removal& removal) {
    if (removal.table == table) taken.push_back(removal.change);
    return removal.table == table;
  });
  return taken;
}

void SlowPath::owe(std::size_t table, const Changes& absent) {
  for (const Record* change : absent) {
    if (owed_.size() < kOwedMax) {
      owed_.push_back({table, change});
    } else {
      ++forgiven_[table];
    }
  }
}

// Removes the old images of these changes; returns those that were not there. One that B's types cannot take is not
// there either.
Task<Changes> SlowPath::remove(std::size_t number, const Changes& changes) {
  Changes absent;
  std::span<const Record* const> left = changes;
  while (!left.empty()) {
    const std::size_t count = of_one_shape(left);
    co_await remove_run(number, left.first(count), absent);
    left = left.subspan(count);
  }
  co_return absent;
}

Task<void> SlowPath::remove_run(std::size_t number, std::span<const Record* const> run, Changes& absent) {
  const Attempt attempt = [&](std::span<const Record* const> some) -> Task<void> {
    RoundTrip trip;
    const std::size_t step = session_.tables()[number].append_remove(trip, some);
    const std::vector<pg::Result> results = co_await session_.connection().pipeline(trip.steps());
    const pg::Result& missing = results[step];
    for (int row = 0; row < missing.rows(); ++row) {
      const auto ordinal = static_cast<std::size_t>(missing.int64(row, 0));
      PENSTOCK_CHECK(ordinal >= 1 && ordinal <= some.size());
      absent.push_back(some[ordinal - 1]);
    }
  };
  const std::vector<Refused> refused = co_await isolate(session_.connection(), run, attempt);
  for (const auto& one : refused) absent.push_back(one.record);
}

}  // namespace penstock::apply
