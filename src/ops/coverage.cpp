#include "ops/coverage.hpp"

#include <algorithm>

#include <spdlog/fmt/fmt.h>

#include "base/task.hpp"
#include "model/journal_sql.hpp"
#include "ops/spec.hpp"
#include "sql/embedded_sql.hpp"

namespace penstock::ops {
namespace {

using namespace std::chrono_literals;

// Between two looks: B is a few milliseconds behind as a rule, and then it is better known soon.
constexpr auto kIntervalMin = 1ms;
constexpr auto kIntervalMax = 20ms;

}  // namespace

Coverage::Coverage(const Config& config, std::string snapshot)
    : config_(config), snapshot_(std::move(snapshot)), covered_(journal_sql(sql::source::covered, pipeline_)) {}

Task<bool> Coverage::look(pg::Connection& a, pg::Connection& b) {
  const bool by_key = config_.pipeline.consistency == Config::Consistency::key;
  // B first: what it has then, A must have by now.
  auto looking = by_key ? look_at_partitions(b) : look_at_b(b);
  const std::string on_b = co_await std::move(looking);
  const std::string on_a = co_await look_at_a(a);
  bool there = wanted_ && has_ && *has_ >= *wanted_;
  if (by_key) there = ends_ && reached(*ends_, partitions_);
  const bool working = co_await transaction_moved(b);
  if (working || on_a + on_b != seen_) moved_ = std::chrono::steady_clock::now();
  seen_ = on_a + on_b;
  co_return there;
}

Task<std::string> Coverage::look_at_a(pg::Connection& a) {
  const pg::Result slot = co_await a.query(covered_, pg::Params::of(pipeline_, snapshot_));
  if (slot.empty()) throw Failure(ErrorKind::usage, "the pipeline is not installed on A: run `penstock migrate`");
  const BatchAt newest{slot.int64(0, 0), slot.int64(0, 1)};
  if (has_ && (*has_ > newest || (*has_ == newest && nonce_ != slot.int64(0, 2)))) {
    throw Failure(ErrorKind::safety,
                  fmt::format("B has another batch {}/{} than A, whose slot is at {}/{}: A went back in time, or is "
                              "another one (see `penstock migrate`)",
                              has_->first, has_->second, newest.first, newest.second));
  }
  if (!wanted_ && slot.boolean(0, 3)) wanted_ = newest;
  acknowledged_ = wanted_ && (newest > *wanted_ || slot.boolean(0, 5));
  co_return fmt::format("A {} {} {}", slot.text(0, 0), slot.text(0, 1), slot.text(0, 4));
}

Task<std::string> Coverage::look_at_b(pg::Connection& b) {
  const pg::Result offsets = co_await b.query(sql::target::newest_offsets, pg::Params::of(pipeline_));
  if (offsets.empty()) co_return "";
  has_ = {offsets.int64(0, 0), offsets.int64(0, 1)};
  nonce_ = offsets.int64(0, 3);
  co_return fmt::format(" B {} {} {}", has_->first, has_->second, offsets.text(0, 2));
}

Task<std::string> Coverage::look_at_partitions(pg::Connection& b) {
  if (acknowledged_ && !ends_) {
    const PipelineSpec spec = co_await stored_spec(b, pipeline_);
    ends_ = co_await ends_in_kafka(config_, spec);
  }
  partitions_ = co_await ends_on_b(b, pipeline_);
  std::string seen = " B";
  for (const auto& [where, end] : partitions_) seen += fmt::format(" {}", end);
  co_return seen;
}

Task<bool> Coverage::transaction_moved(pg::Connection& b) {
  const pg::Result open = co_await b.query(sql::target::apply_progress);
  const std::string transaction(open.empty() ? "" : open.text(0, 0));
  const std::string statement(open.empty() ? "" : open.text(0, 1));
  const bool moved = !transaction.empty() && transaction == transaction_ && statement != statement_;
  transaction_ = transaction;
  statement_ = statement;
  co_return moved;
}

Task<bool> wait_until_covered(pg::Connection& a, pg::Connection& b, const Config& config, const std::string& snapshot,
                              std::chrono::seconds patience) {
  Coverage coverage(config, snapshot);
  for (auto interval = kIntervalMin;; interval = std::min(2 * interval, kIntervalMax)) {
    const bool there = co_await coverage.look(a, b);
    if (there || coverage.still_for() >= patience) co_return there;
    co_await sleep_for(interval);
  }
}

}  // namespace penstock::ops
