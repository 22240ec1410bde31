#pragma once
#include <chrono>

#include "base/task.hpp"

namespace penstock {

// Waiting between attempts: doubles from `first` to `longest`, and starts over after reset().
class Backoff {
 public:
  explicit Backoff(std::chrono::milliseconds first = std::chrono::milliseconds(50),
                   std::chrono::milliseconds longest = std::chrono::milliseconds(2'000))
      : first_(first), longest_(longest), next_(first) {}

  Task<void> wait() {
    const auto pause = next_;
    next_ = std::min(next_ * 2, longest_);
    co_await sleep_for(pause);
  }
  void reset() { next_ = first_; }

 private:
  std::chrono::milliseconds first_, longest_, next_;
};

}  // namespace penstock
