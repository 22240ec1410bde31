#pragma once
#include <vector>

#include "config/config.hpp"
#include "config/sql_name.hpp"
#include "pg/connection.hpp"

namespace penstock::ops {

// A table of A and the [[table]] that chose it.
struct ChosenTable {
  const Config::Table* configured;
  SqlName source;
  SqlName target;
};

// The tables that the configuration names, and those of A that its patterns match: ordinary tables and roots of
// partitions, outside of the system's schemas and our own, sorted by name; one that has a [[table]] of its own is left
// to it. Throws ConfigError for a pattern that matches none, and for a table that two patterns match.
Task<std::vector<ChosenTable>> choose_tables(const Config& config, pg::Connection& a);

}  // namespace penstock::ops
