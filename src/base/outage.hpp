#pragma once
#include <exception>
#include <string>

#include "base/backoff.hpp"
#include "base/stop.hpp"

namespace penstock {

// What a loop does after a failure that waiting may mend: says it once an outage, and waits with a growing pause.
class Outage {
 public:
  explicit Outage(std::string who) : who_(std::move(who)) {}

  // failed holds a Failure that is worth_waiting().
  Task<void> wait(std::exception_ptr failed, StopToken& stop);

 private:
  std::string who_;
  std::string last_said_;
  std::chrono::milliseconds pause_{0};
  std::chrono::steady_clock::time_point last_failure_{};
};

}  // namespace penstock
