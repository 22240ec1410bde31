#include "ops/indexes.hpp"

#include "base/log.hpp"
#include "ops/patience.hpp"

namespace penstock::ops {

Task<void> build_unique_index(pg::Connection& connection, const std::string& side, const IndexToBuild& index) {
  log::info(
      "{}: {} has no unique index on its key: building {} (concurrently; from now on duplicates of the key are "
      "refused, and `penstock migrate uninstall` drops it)",
      side, index.table, index.name);
  // It waits for the transactions that are open now, while writers go on: no lock_timeout.
  co_await connection.script("set lock_timeout = 0");
  co_await connection.script(index.drop);
  std::string duplicates, refused;
  try {
    co_await connection.script(index.create);
  } catch (const pg::Error& error) {
    if (error.sqlstate() == "23505") {
      duplicates = error.what();
    } else if (error.sqlstate() == "42501") {
      refused = error.what();
    } else {
      throw;
    }
  }
  if (!refused.empty()) {
    throw Failure(ErrorKind::setup, refused + "; let the table's owner run on " + side + "  " + index.create);
  }
  if (!duplicates.empty()) {
    co_await connection.script(index.drop);
    throw Failure(ErrorKind::usage, side + ": " + index.table +
                                        " holds several rows with the same key, so it is no key (" + duplicates +
                                        "); remove the duplicates, or choose another key");
  }
}

Task<void> drop_index(pg::Connection& connection, const std::string& side, const std::string& name) {
  co_await connection.script("set lock_timeout = 0");
  co_await connection.script("set client_min_messages = warning");
  co_await connection.script("drop index concurrently if exists " + name);
  log::info("{}: index {} dropped", side, name);
}

}  // namespace penstock::ops
