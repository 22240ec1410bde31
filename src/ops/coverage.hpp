#pragma once
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>

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
  // B has a batch that A's slot has not.
  Task<bool> look(pg::Connection& a, pg::Connection& b);

  // Since when nothing moved: no batch, no step of one, no further statement of one and the same transaction of the
  // applier's (which fails and begins anew while B refuses it).
  std::chrono::steady_clock::duration still_for() const { return std::chrono::steady_clock::now() - moved_; }

 private:
  using BatchAt = std::pair<std::int64_t, std::int64_t>;  // epoch, batch

  Task<std::string> look_at_a(pg::Connection& a);
  Task<std::string> look_at_b(pg::Connection& b);
  Task<std::string> look_at_partitions(pg::Connection& b);
  Task<bool> transaction_moved(pg::Connection& b);

  const Config config_;
  const std::string& pipeline_ = config_.pipeline.name;
  std::string snapshot_;
  std::string covered_;
  std::optional<BatchAt> wanted_;
  std::optional<BatchAt> has_;         // B, by the last look
  std::int64_t nonce_ = 0;             // of that
  bool acknowledged_ = false;          // all that is wanted
  std::optional<PartitionEnds> ends_;  // in Kafka, since then
  PartitionEnds partitions_;           // on B, by the last look
  std::string seen_;
  std::string transaction_, statement_;  // the applier's, by when they began
  std::chrono::steady_clock::time_point moved_ = std::chrono::steady_clock::now();
};

// Waits until B has all that a snapshot of A sees. False: nothing moved for `patience`.
Task<bool> wait_until_covered(pg::Connection& a, pg::Connection& b, const Config& config, const std::string& snapshot,
                              std::chrono::seconds patience);

}  // namespace penstock::ops
