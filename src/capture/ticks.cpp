#include "capture/ticks.hpp"

namespace penstock::capture {
namespace {

constexpr std::size_t kTicksMax = 1'000;

}  // namespace

void Ticks::add(std::string snapshot) {
  if (snapshots_.size() == kTicksMax) {
    std::deque<std::string> kept;
    for (std::size_t i = 1; i < snapshots_.size(); i += 2) kept.push_back(std::move(snapshots_[i]));
    snapshots_ = std::move(kept);
  }
  snapshots_.push_back(std::move(snapshot));
}

}  // namespace penstock::capture
