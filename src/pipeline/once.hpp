#pragma once
#include <chrono>
#include <string>

#include "base/stop.hpp"
#include "config/config.hpp"

namespace penstock::pipeline {

// `run --once`: what was committed on A when it began is on B when it returns.
struct Once {
  const Config& config;
  std::chrono::seconds timeout{60};  // without getting anywhere

  // 0: B has it all, whoever moved it. 3: nothing moved for `timeout` (a server is away), or stop was requested; the
  // log says what was missing. Throws Failure(safety) when B holds another batch under the number waited for.
  Task<int> wait(StopToken& stop) const;
};

}  // namespace penstock::pipeline
