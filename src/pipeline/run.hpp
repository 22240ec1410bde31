#pragma once
#include <chrono>

#include "base/task.hpp"
#include "config/config.hpp"

namespace penstock::pipeline {

struct RunOptions {
  enum class Role { all, capture, apply } role = Role::all;
  bool once = false;                 // move what was committed until now, then end
  std::chrono::seconds timeout{60};  // with once: how long without getting anywhere before exit 3
};

// The replicator: returns the process's exit code once SIGTERM or SIGINT asked it to stop and the batch in hand is done
// (10 s at most; a second signal ends it at once), or, with `once`, when B has everything. Throws Failure(usage) where
// the configuration is not what `migrate` installed, and Failure(safety, bug) where it must not go on.
Task<int> run(const Config& config, const RunOptions& options);

}  // namespace penstock::pipeline
