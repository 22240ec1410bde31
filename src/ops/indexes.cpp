#include "ops/indexes.hpp"

#include <spdlog/fmt/fmt.h>

#include "base/log.hpp"
#include "sql/embedded_sql.hpp"

namespace penstock::ops {
namespace {

struct Statements {
  std::string name, create, drop;
};

// The server quotes and puts the texts together: sql/common/index_statements.sql.
Task<Statements> statements_for(pg::Connection& connection, const std::string& pipeline, const IndexToBuild& wanted) {
  pg::Params params;
  params.add(pipeline).add(wanted.table).add(wanted.columns);
  const pg::Result row = co_await connection.query(sql::common::index_statements, params);
  Statements statements;
  statements.name = row.text(0, 0);
  statements.create = row.text(0, 1);
  statements.drop = row.text(0, 2);
  co_return statements;
}

}  // namespace

Task<std::string> build_unique_index(pg::Connection& connection, const std::string& side, const std::string& pipeline,
                                     const IndexToBuild& wanted) {
  const Statements statements = co_await statements_for(connection, pipeline, wanted);
  log::info(
      "{}: {} has no unique index on its key: building {} (concurrently; from now on duplicates of the key are "
      "refused, and `penstock migrate uninstall` drops it)",
      side, wanted.table, statements.name);
  // It waits for the transactions that are open now, while writers go on: no lock_timeout.
  co_await connection.script("set lock_timeout = 0");
  co_await connection.script(statements.drop);
  std::string duplicates;
  try {
    co_await connection.script(statements.create);
  } catch (const pg::Error& error) {
    if (error.sqlstate() != "23505") throw;
    duplicates = error.what();
  }
  if (!duplicates.empty()) {
    co_await connection.script(statements.drop);
    throw Failure(ErrorKind::usage, side + ": " + wanted.table +
                                        " holds several rows with the same key, so it is no key (" + duplicates +
                                        "); remove the duplicates, or choose another key");
  }
  co_return statements.name;
}

}  // namespace penstock::ops
