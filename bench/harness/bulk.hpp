#pragma once
#include "harness/runs.hpp"

namespace penstock::bench {

// Many rows in one statement, from the statement's start to the commit of the last row on B.
struct BulkRun {
  std::string operation;  // insert, update
  std::int64_t rows = 0;
  bool keeps_up = true;       // all was on B in time
  double on_a_s = 0;          // the statement alone
  double seconds = 0;         // until the last row is on B
  double peak_memory_mb = 0;  // of the rival's own processes
  std::map<std::string, double> cpu_s{};
};

// Both tables empty, both servers after a checkpoint: every run finds the same.
void empty_tables(Rival& rival);

// Inserts so many rows, or (operation "update") updates all that are there. Throws Unequal.
BulkRun run_bulk(const Field& field, Rival& rival, const std::string& operation, std::int64_t rows);
void add_to(JsonObject& json, const BulkRun& run);
std::string to_line(const BulkRun& run);

}  // namespace penstock::bench
