#include "pipeline/once.hpp"

#include <optional>

#include "base/log.hpp"
#include "ops/coverage.hpp"
#include "pg/connection.hpp"

namespace penstock::pipeline {
namespace {

using namespace std::chrono_literals;

constexpr auto kInterval = 50ms;
constexpr auto kRetryInterval = 500ms;

// A server that goes away meanwhile is connected to again; the snapshot that is waited for stays the first one's.
class Watch {
 public:
  Watch(const Once& once, StopToken& stop) : once_(once), stop_(stop) {}

  // Connects, and looks until B has it all or there is no more to wait for.
  Task<void> session() {
    pg::Connection a = co_await pg::Connection::connect({once_.config.source.dsn, "A"});
    pg::Connection b = co_await pg::Connection::connect({once_.config.target.dsn, "B"});
    if (!coverage_) {
      // What a crash of A emptied is to be empty on B as well.
      const pg::Result emptied =
          co_await a.query("select message from penstock.notice_crash($1)", pg::Params::of(once_.config.pipeline.name));
      for (int row = 0; row < emptied.rows(); ++row) log::warn("run --once: {}", emptied.text(row, 0));
      const pg::Result now = co_await a.query("select pg_current_snapshot()");
      coverage_.emplace(once_.config, std::string(now.text(0, 0)));
    }
    while (true) {
      delivered_ = co_await coverage_->look(a, b);
      if (delivered_ || over()) co_return;
      co_await stop_.sleep_for(kInterval);
    }
  }

  bool delivered() const { return delivered_; }
  bool over() const { return stop_.requested() || still_for() >= once_.timeout; }

 private:
  std::chrono::steady_clock::duration still_for() const {
    return coverage_ ? coverage_->still_for() : std::chrono::steady_clock::now() - began_;
  }

  const Once& once_;
  StopToken& stop_;
  std::optional<ops::Coverage> coverage_;
  std::chrono::steady_clock::time_point began_ = std::chrono::steady_clock::now();
  bool delivered_ = false;
};

}  // namespace

Task<int> Once::wait(StopToken& stop) const {
  Watch watch(*this, stop);
  std::string missing = "nothing moved (is Kafka away?)";
  while (true) {
    try {
      co_await watch.session();
    } catch (const Failure& failure) {
      if (!failure.worth_waiting()) throw;
      missing = failure.what();
    }
    if (watch.delivered()) co_return 0;
    if (watch.over()) break;
    co_await stop.sleep_for(kRetryInterval);
  }
  if (stop.requested()) {
    log::warn("run --once: stopped before B had everything");
  } else {
    log::error("run --once: gave up after {} s: {}", timeout.count(), missing);
  }
  co_return 3;
}

}  // namespace penstock::pipeline
