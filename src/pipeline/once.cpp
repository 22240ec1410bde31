#include "pipeline/once.hpp"

#include "base/log.hpp"
#include "model/journal_sql.hpp"
#include "pg/connection.hpp"
#include "sql/embedded_sql.hpp"

namespace penstock::pipeline {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

constexpr auto kInterval = 50ms;
constexpr auto kRetryInterval = 500ms;

// The rule (from the checked model of the protocol): take snapshot S on A; once no journal row visible in S lies
// outside the newest slot's `open` and backfills are done, that slot's batch is k; all is there when B has k.
class Watch {
 public:
  explicit Watch(const Once& once) : once_(once), covered_(journal_sql(sql::source::covered, once.pipeline)) {}

  Task<void> session() {
    co_await connect();
    if (snapshot_.empty()) co_await take_snapshot();
    while (!delivered_ && Clock::now() - moved_ < once_.timeout) {
      co_await look_at_a();
      co_await look_at_b();
      if (!delivered_) co_await sleep_for(kInterval);
    }
  }

  bool delivered() const { return delivered_; }
  bool timed_out() const { return Clock::now() - moved_ >= once_.timeout; }

 private:
  Task<void> connect() {
    a_.reset();
    b_.reset();
    pg::Connection a = co_await pg::Connection::connect({once_.a_dsn, "A"});
    a_.emplace(std::move(a));
    pg::Connection b = co_await pg::Connection::connect({once_.b_dsn, "B"});
    b_.emplace(std::move(b));
  }

  Task<void> take_snapshot() {
    const pg::Result now = co_await a_->query("select pg_current_snapshot()");
    snapshot_ = now.text(0, 0);
  }

  Task<void> look_at_a() {
    const pg::Result slot = co_await a_->query(covered_, pg::Params().add(once_.pipeline).add(snapshot_));
    if (slot.empty()) throw Failure(ErrorKind::usage, "the pipeline is not installed on A: run `penstock migrate`");
    const std::int64_t batch = slot.int64(0, 1);
    note(batch, a_batch_);
    if (!wanted_ && slot.boolean(0, 3)) wanted_ = {batch, slot.int64(0, 2)};
  }

  Task<void> look_at_b() {
    const pg::Result offsets = co_await b_->query(sql::target::newest_offsets, pg::Params().add(once_.pipeline));
    if (offsets.empty()) co_return;
    const std::int64_t batch = offsets.int64(0, 1);
    note(batch, b_batch_);
    if (!wanted_ || batch < wanted_->batch) co_return;
    if (batch == wanted_->batch && offsets.int64(0, 3) != wanted_->nonce) {
      throw Failure(ErrorKind::safety, "B holds another batch " + std::to_string(batch) +
                                           " than A's slot: A lives another life (restored from a backup?)");
    }
    delivered_ = true;
  }

  void note(std::int64_t batch, std::int64_t& last) {
    if (batch != last) moved_ = Clock::now();
    last = batch;
  }

  struct Wanted {
    std::int64_t batch;
    std::int64_t nonce;
  };

  const Once& once_;
  const std::string covered_;
  std::optional<pg::Connection> a_, b_;
  std::string snapshot_;
  std::optional<Wanted> wanted_;
  std::int64_t a_batch_ = -1, b_batch_ = -1;
  Clock::time_point moved_ = Clock::now();
  bool delivered_ = false;
};

}  // namespace

Task<int> Once::wait() {
  Watch watch(*this);
  std::string missing = "nothing moved (is Kafka away?)";
  while (true) {
    try {
      co_await watch.session();
    } catch (const Failure& failure) {
      if (!failure.worth_waiting()) throw;
      missing = failure.what();
    }
    if (watch.delivered()) co_return 0;
    if (watch.timed_out()) break;
    co_await sleep_for(kRetryInterval);
  }
  log::error("run --once: gave up after {} s: {}", timeout.count(), missing);
  co_return 3;
}

}  // namespace penstock::pipeline
