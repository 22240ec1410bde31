#include "base/log.hpp"
#include "ops/migrate.hpp"
#include "ops/patience.hpp"
#include "ops/spec.hpp"
#include "ops/topics.hpp"
#include "pg/connection.hpp"

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
  const pg::Result others = co_await connection.query("select exists (select from penstock.pipeline)");
  if (others.boolean(0, 0)) co_return;
  co_await connection.script("set client_min_messages = warning; drop schema penstock cascade");
  log::info("uninstall: schema penstock dropped on {}", side);
}

// The indexes that migrate built on A, before the record of them is gone.
Task<std::vector<std::string>> indexes_built_on_a(pg::Connection& a, const std::string& pipeline) {
  const pg::Result rows = co_await a.query(
      "select format('%I.%I', n.nspname, i.relname) from penstock.captured as c join pg_class as i on i.oid = "
      "c.key_index "
      "join pg_namespace as n on n.oid = i.relnamespace where c.pipeline = $1 and c.key_index_built",
      pg::Params::of(pipeline));
  std::vector<std::string> names;
  for (int row = 0; row < rows.rows(); ++row) names.emplace_back(rows.text(row, 0));
  co_return names;
}

Task<void> drop_indexes(pg::Connection& connection, const std::vector<std::string>& names) {
  co_await connection.script("set lock_timeout = 0");
  for (const auto& name : names) {
    log::info("uninstall: index {} dropped", name);
    co_await connection.script("drop index concurrently if exists " + name);
  }
}

Task<void> uninstall_a(pg::Connection& a, const std::string& pipeline) {
  const auto indexes = co_await indexes_built_on_a(a, pipeline);
  co_await set_short_lock_timeout(a);
  co_await query_patiently(a, "select penstock.drop_journal($1)", pg::Params::of(pipeline), "a captured table");
  co_await a.query("delete from penstock.pipeline where pipeline = $1", pg::Params::of(pipeline));
  co_await drop_indexes(a, indexes);
  co_await drop_schema_if_unused(a, "A");
}

Task<void> uninstall_b(pg::Connection& b, const PipelineSpec& spec) {
  for (const char* table : {"offsets", "dead_letter", "pipeline"}) {
    co_await b.query("delete from penstock." + std::string(table) + " where pipeline = $1",
                     pg::Params::of(spec.pipeline));
  }
  co_await drop_indexes(b, spec.indexes_built);
  co_await drop_schema_if_unused(b, "B");
}

}  // namespace

Task<void> uninstall(const Config& config) {
  const std::string pipeline = config.pipeline.name;
  pg::Connection a = co_await pg::Connection::connect({config.source.dsn, "A"});
  pg::Connection b = co_await pg::Connection::connect({config.target.dsn, "B"});
  const bool on_a = co_await is_installed(a);
  const bool on_b = co_await is_installed(b);
  const std::string running = "a replicator of pipeline " + pipeline + " is running: stop it first";
  if (on_a) co_await wait_for_lock(a, pipeline, "capture", kLockWithin, running);
  if (on_b) co_await wait_for_lock(b, pipeline, "apply", kLockWithin, running);
  if (on_b) {
    const PipelineSpec spec = co_await stored_spec(b, pipeline);
    co_await delete_topics(config, spec);
    co_await uninstall_b(b, spec);
  }
  if (on_a) co_await uninstall_a(a, pipeline);
  log::info("uninstall: {}", on_a || on_b ? "done" : "nothing is installed");
}

}  // namespace penstock::ops
