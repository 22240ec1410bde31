#pragma once
#include "config/config.hpp"
#include "model/pipeline_spec.hpp"
#include "pg/connection.hpp"

namespace penstock::ops {

// A table's key needs a unique index that is not there: migrate builds it.
struct IndexToBuild {
  std::string table;  // quoted
  std::vector<std::string> columns;
};

struct Resolved {
  PipelineSpec spec;
  std::vector<std::vector<std::string>> declared_keys;  // of each table, as configured; empty: the primary key
  std::vector<IndexToBuild> on_a, on_b;
};

// Turns names of the configuration into tables of the two servers: they exist, their keys hold, their columns fit, the
// rules are SQL that B understands. Throws ConfigError with the place of what does not fit. A and B have been migrated.
Task<Resolved> resolve(const Config& config, pg::Connection& a, pg::Connection& b);

}  // namespace penstock::ops
