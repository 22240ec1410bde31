#pragma once
#include <span>
#include <string>
#include <vector>

#include "pg/connection.hpp"
#include "sql/embedded_sql.hpp"

namespace penstock::ops {

// One numbered migration and what the database says of it.
struct MigrationState {
  sql::Migration migration;
  std::string checksum;
  std::string applied_at;     // empty: not applied
  bool checksum_fits = true;  // false: the file was edited after it was applied
};

// Reads penstock.migration (absent: nothing applied).
Task<std::vector<MigrationState>> migration_states(pg::Connection& connection, std::span<const sql::Migration> all);

// Applies what is missing, each in one transaction with its record. Throws Failure(usage) where an applied one was
// edited, or the database knows one that this program does not (it is older). Returns how many were applied.
Task<int> apply_migrations(pg::Connection& connection, std::span<const sql::Migration> all, const std::string& side);

// The SQL that apply_migrations would run, as text: what comes before the first one; one.
std::string bootstrap_script();
std::string script_of(const MigrationState& state);

}  // namespace penstock::ops
