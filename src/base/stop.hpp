#pragma once
#include <chrono>

#include "base/task.hpp"

namespace penstock {

// Asks the loops of one io_context to end. They look at it between batches, and sleep on it instead of on a timer.
class StopToken {
 public:
  explicit StopToken(asio::any_io_executor executor) : timer_(executor, asio::steady_timer::time_point::max()) {}

  void request() {
    requested_ = true;
    timer_.cancel();
  }
  bool requested() const { return requested_; }

  // Sleeps for the duration, or less when stop is requested meanwhile.
  Task<void> sleep_for(std::chrono::milliseconds duration);

 private:
  bool requested_ = false;
  asio::steady_timer timer_;  // never expires; cancelling it wakes all who sleep
};

}  // namespace penstock
