#include "apply/table/multiset.hpp"

#include <algorithm>
#include <unordered_map>

namespace penstock::apply {
namespace {

using Counts = std::unordered_map<std::string_view, std::int64_t>;

bool adds(const Record& change) { return change.op != Op::remove; }
bool removes(const Record& change) { return !change.old_image.empty(); }

Counts count(std::span<const Record* const> waiting, std::span<const Record* const> changes) {
  Counts net;
  for (const Record* change : waiting) ++net[change->image];
  for (const Record* change : changes) {
    if (removes(*change)) --net[change->old_image];
    if (adds(*change)) ++net[change->image];
  }
  return net;
}

void take_added(Changes& added, Counts& net, std::span<const Record* const> changes) {
  for (auto change = changes.rbegin(); change != changes.rend(); ++change) {
    if (!adds(**change)) continue;
    std::int64_t& left = net[(*change)->image];
    if (left <= 0) continue;
    --left;
    added.push_back(*change);
  }
}

void replace_untouched(Multiset& sum, Counts& net, std::span<const Record* const> changes) {
  for (const Record* change : changes) {
    if (!adds(*change) || change->image != change->old_image || net[change->image] != 0) continue;
    sum.removed.push_back(change);
    sum.added.push_back(change);
  }
}

}  // namespace

Multiset sum_up(std::span<const Record* const> waiting, std::span<const Record* const> changes, Untouched untouched) {
  Counts net = count(waiting, changes);
  Multiset sum;
  if (untouched == Untouched::replaced) replace_untouched(sum, net, changes);
  for (const Record* change : changes) {
    if (!removes(*change)) continue;
    std::int64_t& left = net[change->old_image];
    if (left >= 0) continue;
    ++left;
    sum.removed.push_back(change);
  }
  take_added(sum.added, net, changes);
  take_added(sum.added, net, waiting);
  std::sort(sum.added.begin(), sum.added.end(),
            [](const Record* a, const Record* b) { return a->position < b->position; });
  return sum;
}

void cancel(Multiset& sum) {
  Counts surplus;
  for (const Record* change : sum.removed) ++surplus[change->old_image];
  std::erase_if(sum.added, [&](const Record* change) {
    const auto found = surplus.find(change->image);
    if (found == surplus.end() || found->second == 0) return false;
    --found->second;
    return true;
  });
  // What was not cancelled: as many of each as are left of the surplus.
  std::erase_if(sum.removed, [&](const Record* change) { return surplus[change->old_image]-- <= 0; });
}

}  // namespace penstock::apply
