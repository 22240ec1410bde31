#include "ops/migrate_status.hpp"

#include <algorithm>

#include <spdlog/fmt/fmt.h>

#include "model/json_text.hpp"
#include "ops/migrations.hpp"

namespace penstock::ops {
namespace {

Task<void> add_side(MigrateStatus& status, pg::Connection& connection, const std::string& side,
                    std::span<const sql::Migration> all) {
  const auto states = co_await migration_states(connection, all);
  for (const auto& state : states) {
    status.steps.push_back(
        {side, state.migration.number, std::string(state.migration.name), state.applied_at, state.checksum_fits});
  }
}

Task<void> add_tables(MigrateStatus& status, pg::Connection& a, const std::string& pipeline) {
  const pg::Result there = co_await a.query("select to_regclass('penstock.captured') is not null");
  if (!there.boolean(0, 0)) co_return;
  const pg::Result rows = co_await a.query(
      "select relation, array_to_string(key_columns, ', '), key_index_built from penstock.captured where pipeline = $1 "
      "order by relation",
      pg::Params::of(pipeline));
  for (int row = 0; row < rows.rows(); ++row) {
    status.tables.push_back({std::string(rows.text(row, 0)), std::string(rows.text(row, 1)), rows.boolean(row, 2)});
  }
}

std::string quoted(const std::string& text) {
  std::string out;
  append_json_string(out, text);
  return out;
}

}  // namespace

bool MigrateStatus::complete() const {
  return !tables.empty() && std::all_of(steps.begin(), steps.end(), [](const Step& step) {
    return !step.applied_at.empty() && step.checksum_fits;
  });
}

std::string MigrateStatus::to_text() const {
  std::string out;
  for (const auto& step : steps) {
    const char* note = step.applied_at.empty() ? "not applied" : step.checksum_fits ? "" : "edited since!";
    out += fmt::format("{}  {:03} {:<20} {} {}\n", step.side, step.number, step.name, step.applied_at, note);
  }
  for (const auto& table : tables) {
    const std::string key = table.key.empty() ? "no key" : "key (" + table.key + ")";
    out +=
        fmt::format("captured  {}  {}{}\n", table.relation, key, table.index_built ? ", index built by migrate" : "");
  }
  return out;
}

std::string MigrateStatus::to_json() const {
  std::string out = "{\"migrations\":[";
  for (const auto& step : steps) {
    out += fmt::format(R"({}{{"side":"{}","number":{},"name":{},"applied_at":{},"checksum_fits":{}}})",
                       out.back() == '[' ? "" : ",", step.side, step.number, quoted(step.name),
                       step.applied_at.empty() ? "null" : quoted(step.applied_at), step.checksum_fits);
  }
  out += "],\"tables\":[";
  for (const auto& table : tables) {
    out += fmt::format(R"({}{{"table":{},"key":{},"index_built":{}}})", out.back() == '[' ? "" : ",",
                       quoted(table.relation), quoted(table.key), table.index_built);
  }
  return out + "]}\n";
}

Task<MigrateStatus> migrate_status(const Config& config) {
  MigrateStatus status;
  pg::Connection a = co_await pg::Connection::connect({config.source.dsn, "A"});
  pg::Connection b = co_await pg::Connection::connect({config.target.dsn, "B"});
  co_await add_side(status, a, "A", sql::source_migrations());
  co_await add_side(status, b, "B", sql::target_migrations());
  co_await add_tables(status, a, config.pipeline.name);
  co_return status;
}

}  // namespace penstock::ops
