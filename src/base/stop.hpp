#pragma once
#include <chrono>
#include <functional>
#include <list>

#include "base/task.hpp"

namespace penstock {

// Asks the loops of one io_context to end. They look at it between batches, and sleep on it instead of on a timer.
class StopToken {
 public:
  explicit StopToken(asio::any_io_executor executor) : timer_(executor, asio::steady_timer::time_point::max()) {}

  void request();
  bool requested() const { return requested_; }

  // Sleeps for the duration, or less when stop is requested meanwhile.
  Task<void> sleep_for(std::chrono::milliseconds duration);

  // For who waits for something else: `interrupt` is called once when stop is requested, while the guard lives. Whoever
  // then begins to wait asks requested() first.
  using Interrupts = std::list<std::function<void()>>;
  class Guard {
   public:
    Guard(Interrupts& all, std::function<void()> interrupt)
        : all_(all), place_(all.insert(all.end(), std::move(interrupt))) {}
    Guard(const Guard&) = delete;
    Guard& operator=(const Guard&) = delete;
    ~Guard() { all_.erase(place_); }

   private:
    Interrupts& all_;
    Interrupts::iterator place_;
  };
  [[nodiscard]] Guard on_request(std::function<void()> interrupt) { return {interrupts_, std::move(interrupt)}; }

 private:
  bool requested_ = false;
  Interrupts interrupts_;
  asio::steady_timer timer_;  // never expires; cancelling it wakes all who sleep
};

}  // namespace penstock
