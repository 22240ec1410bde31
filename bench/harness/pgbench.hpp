#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "harness/json.hpp"
#include "harness/percentiles.hpp"

namespace penstock::bench {

// What pgbench is to do: a closed loop of `clients`, with prepared statements.
struct PgbenchLoad {
  std::string dsn;
  std::vector<std::string> script;  // its arguments that say what to run
  int clients = 1;
  int seconds = 2;
};

struct PgbenchRun {
  double tps = 0;  // without the time to connect
  std::int64_t transactions = 0;
  Percentiles latency;
};

// Runs pgbench, which must be in the path. directory: for its files. Throws when it, or one of its clients, failed.
PgbenchRun run_pgbench(const PgbenchLoad& load, const std::string& directory);
// pgbench's own tables, filled by the server. Throws likewise.
void make_pgbench_tables(const std::string& dsn, int scale, const std::string& directory);

void write(JsonObject& json, const PgbenchRun& run);

}  // namespace penstock::bench
