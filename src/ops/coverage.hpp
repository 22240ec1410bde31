#pragma once
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "config/config.hpp"
#include "ops/partitions.hpp"
#include "pg/connection.hpp"

namespace penstock::ops {

// Follows whether B has all that a snapshot of A sees. The rule (from the checked model of the protocol): once no
// journal row visible in the snapshot lies outside the newest slot's `open` and initial copies are done, that slot's
// batch is k; all is there when B has batch k. Under consistency = "key" B has no batches: all is there when every
// record of k is acknowledged by Kafka, and every partition on B has come to where it ended then.
class Coverage {
 public:
  Coverage(const Config& config, std::string snapshot);

  // One look at both sides; true: B has it all. Throws Failure(usage) when A has no such pipeline, Failure(safety) when
  // B holds another batch under the number waited for.
  Task<bool> look(pg::Connection& a, pg::Connection& b);

  // Since when nothing moved: no batch, no step of one, no further statement of one and the same transaction of the
  // applier's (which fails and begins anew while B refuses it).
  std::chrono::steady_clock::duration still_for() const { return std::chrono::steady_clock::now() - moved_; }

 private:
  struct Wanted {
    std::int64_t batch;
    std::int64_t nonce;
  };

  Task<std::string> look_at_a(pg::Connection& a);
  Task<std::string> look_at_b(pg::Connection& b, bool& there);
  Task<std::string> look_at_partitions(pg::Connection& b, bool& there);
  Task<bool> transaction_moved(pg::Connection& b);

  const Config config_;
  const std::string& pipeline_ = config_.pipeline.name;
  std::string snapshot_;
  std::string covered_;
  std::optional<Wanted> wanted_;
  bool acknowledged_ = false;          // all of it
  std::optional<PartitionEnds> ends_;  // in Kafka, since then
  std::string seen_;
  std::string transaction_, statement_;  // the applier's, by when they began
  std::chrono::steady_clock::time_point moved_ = std::chrono::steady_clock::now();
};

// Waits until B has all that a snapshot of A sees. False: nothing moved for `patience`.
Task<bool> wait_until_covered(pg::Connection& a, pg::Connection& b, const Config& config, const std::string& snapshot,
                              std::chrono::seconds patience);

}  // namespace penstock::ops
