#include "capture/wakeup.hpp"

#include <algorithm>

#include "base/log.hpp"

namespace penstock::capture {
namespace {

// The latency of a change whose writer did not notify, against queries a second while somebody keeps us from sleeping.
constexpr std::chrono::microseconds kLongestPause{5'000};
// Pauses in a row without a change (some 10 s) that are worth a line in the log.
constexpr int kPausesWorthALine = 2'000;

}  // namespace

Task<void> Wakeup::start() {
  co_await a_.script("listen " + a_.quote_identifier("penstock_" + pipeline_));
  const pg::Result setting = co_await a_.query("select current_setting('max_prepared_transactions')::int = 0");
  triggers_notify_ = setting.boolean(0, 0);
  if (!triggers_notify_) {
    log::info("A has max_prepared_transactions > 0, where NOTIFY would make PREPARE TRANSACTION fail: polling instead");
  }
  co_await a_.prepare("lock_sleep", "select pg_try_advisory_lock(penstock.lock_key($1, 'sleep'))");
  co_await a_.prepare("unlock_sleep", "select pg_advisory_unlock(penstock.lock_key($1, 'sleep'))");
}

pg::Connection::Step Wakeup::lock_step() const { return {"lock_sleep", pg::Params::of(pipeline_)}; }

pg::Connection::Step Wakeup::unlock_step() const { return {"unlock_sleep", pg::Params::of(pipeline_)}; }

Task<bool> Wakeup::sleep(std::chrono::milliseconds longest) {
  const bool notified = co_await a_.wait_notification(longest);
  co_return notified;
}

Task<void> Wakeup::pause() {
  if (triggers_notify_ && ++pauses_ == kPausesWorthALine) {
    log::info("A: a transaction that wrote captured tables stays open, or somebody holds our advisory lock: polling");
  }
  co_await sleep_for(pause_);
  pause_ = std::min(pause_ * 3 / 2, kLongestPause);
}

void Wakeup::found_something() {
  pause_ = kShortestPause;
  pauses_ = 0;
}

}  // namespace penstock::capture
