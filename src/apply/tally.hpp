#pragma once
#include <cstdint>
#include <map>

namespace penstock::apply {

// What became of a batch's changes, by table. Every change is counted once: applied (also when a newer change of its
// key made it needless) or rejected.
struct Tally {
  std::int64_t applied = 0;
  std::int64_t rejected = 0;
};
using Tallies = std::map<std::size_t, Tally>;

}  // namespace penstock::apply
