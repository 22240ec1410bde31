#include "ops/migrations.hpp"

#include <spdlog/fmt/fmt.h>

#include "base/log.hpp"

namespace penstock::ops {
namespace {

constexpr const char* kBootstrap =
    "create schema if not exists penstock;\n"
    "create table if not exists penstock.migration (\n"
    "    number     int         primary key,\n"
    "    name       text        not null,\n"
    "    checksum   text        not null,\n"
    "    applied_at timestamptz not null default clock_timestamp()\n"
    ");\n";

// FNV-1a, 64 bits: against edits by mistake, not by malice.
std::string checksum_of(std::string_view text) {
  std::uint64_t hash = 14695981039346656037ULL;
  for (const char c : text) {
    hash ^= static_cast<unsigned char>(c);
    hash *= 1099511628211ULL;
  }
  return fmt::format("{:016x}", hash);
}

Task<void> bootstrap(pg::Connection& connection, const std::string& side) {
  const pg::Result there = co_await connection.query("select to_regclass('penstock.migration') is not null");
  if (there.boolean(0, 0)) co_return;
  std::string refused;
  try {
    co_await connection.script(kBootstrap);
  } catch (const pg::Error& error) {
    if (error.sqlstate() != "42501") throw;
    refused = error.what();
  }
  if (refused.empty()) co_return;
  const pg::Result who =
      co_await connection.query("select format('grant create on database %I to %I', current_database(), current_user)");
  throw Failure(ErrorKind::setup, refused + "; Penstock keeps its tables in a schema of its own: on " + side +
                                      ", run  " + std::string(who.text(0, 0)));
}

}  // namespace

Task<std::vector<MigrationState>> migration_states(pg::Connection& connection, std::span<const sql::Migration> all) {
  std::vector<MigrationState> states;
  for (const auto& migration : all) states.push_back({migration, checksum_of(migration.text), "", true});
  const pg::Result there = co_await connection.query("select to_regclass('penstock.migration') is not null");
  if (!there.boolean(0, 0)) co_return states;
  const pg::Result rows =
      co_await connection.query("select number, checksum, applied_at::text from penstock.migration order by number");
  for (int row = 0; row < rows.rows(); ++row) {
    const auto number = rows.int64(row, 0);
    const auto found = std::find_if(states.begin(), states.end(),
                                    [&](const MigrationState& state) { return state.migration.number == number; });
    if (found == states.end()) {
      throw Failure(ErrorKind::usage,
                    fmt::format("the database was migrated by a newer Penstock (it knows migration {}): "
                                "use that version",
                                number));
    }
    found->applied_at = rows.text(row, 2);
    found->checksum_fits = rows.text(row, 1) == found->checksum;
  }
  co_return states;
}

std::string bootstrap_script() { return kBootstrap; }

std::string script_of(const MigrationState& state) {
  return fmt::format("{}\ninsert into penstock.migration (number, name, checksum) values ({}, '{}', '{}');\n",
                     state.migration.text, state.migration.number, state.migration.name, state.checksum);
}

Task<int> apply_migrations(pg::Connection& connection, std::span<const sql::Migration> all, const std::string& side) {
  co_await bootstrap(connection, side);
  const auto states = co_await migration_states(connection, all);
  int applied = 0;
  for (const auto& state : states) {
    const std::string name = fmt::format("{} {:03} {}", side, state.migration.number, state.migration.name);
    if (!state.checksum_fits) {
      throw Failure(ErrorKind::usage, "migration " + name +
                                          " was applied with another text than this program has: use the version that "
                                          "applied it, or `penstock migrate uninstall` first");
    }
    if (!state.applied_at.empty()) continue;
    // A script sent whole is one transaction: all of it happens, or nothing.
    const std::string script = script_of(state);
    co_await connection.script(script);
    log::info("migrate: {}", name);
    ++applied;
  }
  co_return applied;
}

}  // namespace penstock::ops
