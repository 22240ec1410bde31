#pragma once
#include "config/config.hpp"
#include "model/pipeline_spec.hpp"
#include "pg/connection.hpp"

namespace penstock::ops {

// A table's key needs a unique index that is not there: migrate builds it. What an interrupted build left under the
// same name is dropped first.
struct IndexToBuild {
  std::string table;  // quoted
  std::vector<std::string> columns;
  std::string name, create, drop;  // the name quoted, with its schema; statements
};

struct Resolved {
  PipelineSpec spec;                                    // indexes_built: those of B that are or will be migrate's work
  std::vector<std::vector<std::string>> declared_keys;  // of each table, as configured; empty: the primary key
  std::vector<bool> index_is_ours;  // of each table: its key index on A is, or will be, migrate's work
  std::vector<IndexToBuild> on_a, on_b;
};

// Turns names of the configuration into tables of the two servers: they exist, their keys hold, their columns fit, the
// rules are SQL that B understands. Throws ConfigError with the place of what does not fit. Changes nothing; before the
// first migration (a dry run) what only our own functions can tell is left out.
Task<Resolved> resolve(const Config& config, pg::Connection& a, pg::Connection& b);

}  // namespace penstock::ops
