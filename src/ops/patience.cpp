#include "ops/patience.hpp"

#include <random>

#include "base/log.hpp"
#include "base/task.hpp"
#include "sql/embedded_sql.hpp"

namespace penstock::ops {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

constexpr auto kLockInterval = 200ms;
// How long writers may queue behind a lock request of ours; and how long they are left alone between two of them.
constexpr const char* kLockTimeout = "200ms";
constexpr auto kPause = 800ms;

constexpr auto kSchemaWithin = 60s;

// The same number as penstock.lock_key(pipeline, what), which a first migrate has not created yet.
std::string lock_name(std::string_view pipeline, std::string_view what) {
  return "penstock." + std::string(what) + "." + std::string(pipeline);
}

Task<bool> try_lock(pg::Connection& connection, const std::string& name) {
  const pg::Result locked =
      co_await connection.query("select pg_try_advisory_lock(hashtextextended($1, 0))", pg::Params::of(name));
  co_return locked.boolean(0, 0);
}

Task<void> release(pg::Connection& connection, const std::string& name) {
  co_await connection.query("select pg_advisory_unlock(hashtextextended($1, 0))", pg::Params::of(name));
}

Task<std::string> holder_of(pg::Connection& connection, const std::string& name) {
  const pg::Result row = co_await connection.query(sql::common::lock_holder, pg::Params::of(name));
  co_return row.empty() ? std::string() : " (held by " + std::string(row.text(0, 0)) + ")";
}

}  // namespace

Task<void> wait_for_lock(pg::Connection& connection, std::string_view pipeline, std::string_view what,
                         std::chrono::seconds longest, const std::string& message) {
  const std::string name = lock_name(pipeline, what);
  const auto begin = Clock::now();
  bool said = false;
  while (true) {
    const bool locked = co_await try_lock(connection, name);
    if (locked) co_return;
    const auto waited = Clock::now() - begin;
    if (waited > longest || (!said && waited > 1s)) {
      const std::string holder = co_await holder_of(connection, name);
      if (waited > longest) throw Failure(ErrorKind::transient, message + holder);
      log::info("waiting: {}{}", message, holder);
      said = true;
    }
    co_await sleep_for(kLockInterval);
  }
}

Task<void> unlock(pg::Connection& connection, std::string_view pipeline, std::string_view what) {
  co_await release(connection, lock_name(pipeline, what));
}

Task<void> wait_for_schema(pg::Connection& connection, const std::string& side) {
  co_await wait_for_lock(connection, "", "schema", kSchemaWithin,
                         "another `penstock migrate` is at work on the schema penstock of " + side);
}

Task<void> unlock_schema(pg::Connection& connection) { co_await unlock(connection, "", "schema"); }

Task<void> refuse_one_database(pg::Connection& a, pg::Connection& b) {
  // No name tells (hosts have aliases, poolers sit between); a lock that both want does.
  const std::string name = lock_name(std::to_string(std::random_device{}()), "same");
  co_await try_lock(a, name);
  const bool both = co_await try_lock(b, name);
  co_await release(a, name);
  if (!both) {
    throw Failure(ErrorKind::usage, "[source] and [target] are one database; this version needs two");
  }
  co_await release(b, name);
  const pg::Result on_a = co_await a.query("select to_regclass('penstock.offsets') is not null");
  const pg::Result on_b = co_await b.query("select to_regclass('penstock.captured') is not null");
  if (!on_a.boolean(0, 0) && !on_b.boolean(0, 0)) co_return;
  throw Failure(ErrorKind::usage, on_a.boolean(0, 0)
                                      ? "[source] is the target of another pipeline; this version needs two databases"
                                      : "[target] is the source of another pipeline; this version needs two databases");
}

Task<void> run_patiently(pg::Connection& connection, const std::vector<Statement>& statements,
                         const std::string& what) {
  const std::string begin = std::string("begin; set local lock_timeout = '") + kLockTimeout + "'";
  for (bool said = false;; said = true) {
    co_await connection.script(begin);
    try {
      for (const auto& [sql, params] : statements) co_await connection.query(sql, params);
      co_await connection.script("commit");
      co_return;
    } catch (const pg::Error& error) {
      if (error.sqlstate() != "55P03" && error.sqlstate() != "40P01") throw;
    }
    co_await connection.script("rollback");
    if (!said)
      log::info("{} is in use by a transaction that stays open: trying again without holding up writers", what);
    co_await sleep_for(kPause);
  }
}

}  // namespace penstock::ops
