#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "base/task.hpp"
#include "config/config.hpp"

namespace penstock::ops {

// Where a pipeline stands: interface.md's `status`. Counts are in changes.
struct Status {
  struct Table {
    std::string relation;
    std::int64_t captured = 0;  // of batches that were opened
    std::int64_t applied = 0;
    std::int64_t rejected = 0;
    std::int64_t in_flight = 0;    // captured and not yet heard of by B
    std::int64_t unaccounted = 0;  // 0, or an alarm
    bool copying = false;          // at first, or again
    std::string doubt;             // why the copy cannot be trusted, since when, and the cure; empty: it can
  };
  std::string pipeline;
  std::string state;  // running, catching_up, idle, stalled, stopped
  std::int64_t epoch = 0;
  std::int64_t batch = 0;          // that B has
  double lag_seconds = 0;          // age of the oldest change that B does not reflect
  std::int64_t lag_changes = 0;    // in the journal and not in B, opened in a batch or not
  double last_step_seconds = 1e9;  // since B last moved
  bool capture_alive = false;      // somebody holds the pipeline's lock on A; on B
  bool apply_alive = false;
  std::int64_t poison = 0;  // records on the topics that were no envelopes
  std::vector<Table> tables;

  bool healthy() const;  // nothing unaccounted or in doubt, not stalled
  std::string to_text() const;
  std::string to_json() const;
};

// Reads B first, then A, so that in flight is never negative. Throws pg::Error, Failure(usage) before `migrate`,
// Failure(safety) where A is not the database any more that B was copied from.
Task<Status> read_status(const Config& config);

}  // namespace penstock::ops
