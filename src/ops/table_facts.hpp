#pragma once
#include <optional>
#include <string>
#include <vector>

#include "config/config.hpp"
#include "config/sql_name.hpp"
#include "pg/connection.hpp"

namespace penstock::ops {

struct ColumnFacts {
  std::string name;
  bool generated = false;
  bool nullable = false;
  bool text_stable = false;  // equal values have equal text
  bool defaulted = false;    // has a default, is an identity or generated
};

struct IndexFacts {
  std::string name;  // quoted, with its schema
  std::vector<std::string> columns;
  bool primary = false;
  bool immediate = false;
  bool valid = false;

  bool serves() const { return immediate && valid; }
};

// What one server says of one table.
struct TableFacts {
  std::int64_t oid = 0;
  std::string name;       // quoted, with its schema
  bool ordinary = false;  // a table or a partitioned one, and not a partition of another
  bool partitioned = false;
  bool unlogged = false;  // it, or a partition of it
  std::vector<ColumnFacts> columns;
  std::vector<IndexFacts> unique_indexes;

  const ColumnFacts* column(const std::string& wanted) const;
  std::vector<std::string> column_names() const;
  // The index whose columns are these, in any order: one that can serve as a key if there is one.
  const IndexFacts* index_on(const std::vector<std::string>& columns) const;
  const IndexFacts* primary_key() const;
};

// Throws ConfigError at `place` where the table is not there ("did you mean"). side: "A" or "B".
Task<TableFacts> find_table(pg::Connection& connection, const SqlName& name, const std::string& side,
                            const Config::Place& place);

}  // namespace penstock::ops
