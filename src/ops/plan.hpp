#pragma once
#include <optional>
#include <string>
#include <vector>

#include "kafka/admin.hpp"
#include "ops/resolve.hpp"

namespace penstock::ops {

// What `migrate` is about to do, found by reading alone.
struct MigratePlan {
  Resolved resolved;                     // spec: as it will be stored at the end
  std::optional<PipelineSpec> before;    // as the last migrate stored it
  std::vector<kafka::TopicSpec> topics;  // to be created
  std::vector<std::string> added;        // relations that the slot does not know
  std::vector<std::string> removed;      // captured, and in the configuration no more
  std::vector<std::string> recreated;    // another table stands under the name of one that was captured
  bool stands() const { return before == resolved.spec && recreated.empty(); }
};

// Reads A, B and Kafka, before the first migration too. Throws Failure(usage) where what is configured cannot be had:
// see resolve and missing_topics; a table's key or target that changed; a topic that another pipeline of A writes.
Task<MigratePlan> make_plan(const Config& config, pg::Connection& a, pg::Connection& b);

}  // namespace penstock::ops
