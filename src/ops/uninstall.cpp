#include "base/log.hpp"
#include "ops/indexes.hpp"
#include "ops/migrate.hpp"
#include "ops/patience.hpp"
#include "ops/spec.hpp"
#include "ops/topics.hpp"
#include "sql/embedded_sql.hpp"

namespace penstock::ops {
namespace {

using namespace std::chrono_literals;

constexpr auto kLockWithin = 2s;

Task<bool> is_installed(pg::Connection& connection) {
  const pg::Result row = co_await connection.query("select to_regclass('penstock.pipeline') is not null");
  co_return row.boolean(0, 0);
}

// The schema goes with its last pipeline.
Task<void> drop_schema_if_unused(pg::Connection& connection, const std::string& side) {
  co_await wait_for_schema(connection, side);
  const pg::Result others = co_await connection.query("select exists (select from penstock.pipeline)");
  if (!others.boolean(0, 0)) {
    co_await connection.script("set client_min_messages = warning; drop schema penstock cascade");
    log::info("uninstall: schema penstock dropped on {}", side);
  }
  co_await unlock_schema(connection);
}

Task<void> uninstall_a(pg::Connection& a, const std::string& pipeline) {
  pg::Params all = pg::Params::of(pipeline);
  all.add_null();
  // Before the record of them is gone.
  const pg::Result indexes = co_await a.query(sql::source::indexes_built, all);
  std::vector<Statement> drop;
  drop.emplace_back("select penstock.drop_journal($1)", pg::Params::of(pipeline));
  co_await run_patiently(a, drop, "a captured table");
  for (int row = 0; row < indexes.rows(); ++row) co_await drop_index(a, "A", std::string(indexes.text(row, 0)));
  co_await a.query("delete from penstock.pipeline where pipeline = $1", pg::Params::of(pipeline));
  co_await drop_schema_if_unused(a, "A");
}

Task<void> uninstall_b(pg::Connection& b, const std::string& pipeline, const PipelineSpec& spec) {
  for (const auto& index : spec.indexes_built) co_await drop_index(b, "B", index);
  for (const char* table : {"offsets", "partition_offsets", "truncated", "dead_letter", "pipeline"}) {
    co_await b.query("delete from penstock." + std::string(table) + " where pipeline = $1", pg::Params::of(pipeline));
  }
  co_await drop_schema_if_unused(b, "B");
}

}  // namespace

Task<void> uninstall(const Config& config) {
  const std::string pipeline = config.pipeline.name;
  pg::Connection a = co_await pg::Connection::connect({config.source.dsn, "A"});
  pg::Connection b = co_await pg::Connection::connect({config.target.dsn, "B"});
  const bool on_a = co_await is_installed(a);
  const bool on_b = co_await is_installed(b);
  const std::string migrating = "`penstock migrate` of pipeline " + pipeline + " is at work";
  co_await wait_for_lock(a, pipeline, "migrate", kLockWithin, migrating);
  co_await wait_for_lock(b, pipeline, "migrate", kLockWithin, migrating);
  const std::string running = "a replicator of pipeline " + pipeline + " is running: stop it first";
  co_await wait_for_lock(a, pipeline, "capture", kLockWithin, running);
  co_await wait_for_lock(b, pipeline, "apply", kLockWithin, running);
  // Stored on both sides, so that what an interrupted uninstall left is still known.
  auto spec = co_await spec_if_stored(b, pipeline);
  if (!spec) spec = co_await spec_if_stored(a, pipeline);
  if (!spec) spec.emplace();
  co_await delete_topics(config, spec->topics_created);
  if (on_b) co_await uninstall_b(b, pipeline, *spec);
  if (on_a) co_await uninstall_a(a, pipeline);
  log::info("uninstall: {}", on_a || on_b ? "done" : "nothing is installed");
}

}  // namespace penstock::ops
