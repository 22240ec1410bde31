#include <spdlog/fmt/fmt.h>

#include "ops/migrate.hpp"
#include "ops/migrations.hpp"
#include "ops/table_facts.hpp"
#include "pg/connection.hpp"

namespace penstock::ops {
namespace {

Task<std::string> pending(pg::Connection& connection, const std::string& side, std::span<const sql::Migration> all) {
  std::string out;
  const auto states = co_await migration_states(connection, all);
  for (const auto& state : states) {
    if (!state.applied_at.empty()) continue;
    out += fmt::format("-- {}: migration {:03} {}\nbegin;\n{}commit;\n\n", side, state.migration.number,
                       state.migration.name, script_of(state));
  }
  co_return out;
}

// A literal by the server's own quoting.
Task<std::string> literal(pg::Connection& a, const std::string& text) {
  const pg::Result row = co_await a.query("select quote_literal($1)", pg::Params::of(text));
  co_return std::string(row.text(0, 0));
}

Task<std::string> capture_call(const Config& config, const Config::Table& table, pg::Connection& a) {
  const SqlName name = *parse_sql_name(table.source);
  const TableFacts facts = co_await find_table(a, name, "A", table.place);
  std::string key;
  for (const auto& column : table.key) {
    const std::string quoted = co_await literal(a, column);
    key += (key.empty() ? "" : ", ") + quoted;
  }
  const std::string relation = co_await literal(a, facts.name);
  co_return fmt::format(
      "-- A: the triggers of {}, each missing one under a lock_timeout, tried again while the table is in use\n"
      "select penstock.capture_table('{}', {}, {});\n",
      facts.name, config.pipeline.name, relation, key.empty() ? "null" : "array[" + key + "]");
}

}  // namespace

Task<std::string> migrate_dry_run(const Config& config) {
  pg::Connection a = co_await pg::Connection::connect({config.source.dsn, "A"});
  pg::Connection b = co_await pg::Connection::connect({config.target.dsn, "B"});
  std::string out = co_await pending(a, "A", sql::source_migrations());
  const std::string on_b = co_await pending(b, "B", sql::target_migrations());
  out += on_b;
  out += fmt::format("-- A: the journal, unless it is there\nselect penstock.create_journal('{}');\n",
                     config.pipeline.name);
  for (const auto& table : config.tables) {
    const std::string call = co_await capture_call(config, table, a);
    out += call;
  }
  co_return out;
}

}  // namespace penstock::ops
