#include "ops/patience.hpp"

#include "base/log.hpp"
#include "base/task.hpp"

namespace penstock::ops {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

constexpr auto kLockInterval = 200ms;
// How long writers may queue behind a lock request of ours; and how long they are left alone between two of them.
constexpr const char* kLockTimeout = "200ms";
constexpr auto kPause = 800ms;

}  // namespace

Task<void> wait_for_lock(pg::Connection& connection, std::string_view pipeline, std::string_view what,
                         std::chrono::seconds longest, const std::string& message) {
  const std::string name = "penstock." + std::string(what) + "." + std::string(pipeline);
  const auto begin = Clock::now();
  bool said = false;
  while (true) {
    // The same number as penstock.lock_key(pipeline, what), which a first migrate has not created yet.
    const pg::Result locked =
        co_await connection.query("select pg_try_advisory_lock(hashtextextended($1, 0))", pg::Params().add(name));
    if (locked.boolean(0, 0)) co_return;
    if (Clock::now() - begin > longest) throw Failure(ErrorKind::transient, message);
    if (!said && Clock::now() - begin > 1s) {
      log::info("waiting: {}", message);
      said = true;
    }
    co_await sleep_for(kLockInterval);
  }
}

Task<void> set_short_lock_timeout(pg::Connection& connection) {
  co_await connection.script(std::string("set lock_timeout = '") + kLockTimeout + "'");
}

Task<pg::Result> query_patiently(pg::Connection& connection, std::string_view sql, const pg::Params& params,
                                 const std::string& what) {
  for (bool said = false;; said = true) {
    try {
      pg::Result result = co_await connection.query(sql, params);
      co_return result;
    } catch (const pg::Error& error) {
      if (error.sqlstate() != "55P03" && error.sqlstate() != "40P01") throw;
    }
    if (!said)
      log::info("{} is in use by a transaction that stays open: trying again without holding up writers", what);
    co_await sleep_for(kPause);
  }
}

}  // namespace penstock::ops
