#include "ops/table_facts.hpp"

#include <algorithm>

#include <simdjson.h>

#include "base/nearest.hpp"
#include "sql/embedded_sql.hpp"

namespace penstock::ops {
namespace {

std::vector<std::string> read_names(std::string_view json) {
  std::vector<std::string> names;
  simdjson::dom::parser parser;
  for (simdjson::dom::element name : parser.parse(json.data(), json.size()).get_array()) {
    names.emplace_back(std::string_view(name.get_string()));
  }
  return names;
}

Task<std::string> did_you_mean(pg::Connection& connection, const SqlName& name) {
  const pg::Result rows = co_await connection.query(sql::common::table_names);
  std::vector<std::string> tables;
  for (int row = 0; row < rows.rows(); ++row) tables.emplace_back(rows.text(row, 0));
  const std::string meant = nearest(name.schema + "." + name.table, tables);
  co_return meant.empty() ? std::string() : "; did you mean " + meant + "?";
}

Task<void> read_columns(pg::Connection& connection, TableFacts& facts) {
  const pg::Result rows = co_await connection.query(sql::common::columns, pg::Params().add(facts.oid));
  for (int row = 0; row < rows.rows(); ++row) {
    facts.columns.push_back({std::string(rows.text(row, 0)), rows.boolean(row, 1), rows.boolean(row, 2),
                             rows.boolean(row, 3), rows.boolean(row, 4)});
  }
}

Task<void> read_indexes(pg::Connection& connection, TableFacts& facts) {
  const pg::Result rows = co_await connection.query(sql::common::unique_indexes, pg::Params().add(facts.oid));
  for (int row = 0; row < rows.rows(); ++row) {
    facts.unique_indexes.push_back({std::string(rows.text(row, 0)), read_names(rows.text(row, 1)), rows.boolean(row, 2),
                                    rows.boolean(row, 3), rows.boolean(row, 4)});
  }
}

}  // namespace

const ColumnFacts* TableFacts::column(const std::string& wanted) const {
  const auto found = std::find_if(columns.begin(), columns.end(), [&](const auto& c) { return c.name == wanted; });
  return found == columns.end() ? nullptr : &*found;
}

std::vector<std::string> TableFacts::column_names() const {
  std::vector<std::string> names;
  for (const auto& c : columns) names.push_back(c.name);
  return names;
}

const IndexFacts* TableFacts::index_on(const std::vector<std::string>& wanted) const {
  const IndexFacts* found = nullptr;
  for (const auto& index : unique_indexes) {
    if (!std::is_permutation(index.columns.begin(), index.columns.end(), wanted.begin(), wanted.end())) continue;
    if (index.serves()) return &index;
    if (found == nullptr) found = &index;
  }
  return found;
}

const IndexFacts* TableFacts::primary_key() const {
  const auto found =
      std::find_if(unique_indexes.begin(), unique_indexes.end(), [](const IndexFacts& index) { return index.primary; });
  return found == unique_indexes.end() ? nullptr : &*found;
}

Task<TableFacts> find_table(pg::Connection& connection, const SqlName& name, const std::string& side,
                            const Config::Place& place) {
  const pg::Result row =
      co_await connection.query(sql::common::find_table, pg::Params().add(name.schema).add(name.table));
  if (row.empty()) {
    const std::string meant = co_await did_you_mean(connection, name);
    throw ConfigError(place, side + " has no table " + name.schema + "." + name.table + meant);
  }
  TableFacts facts;
  facts.oid = row.int64(0, 0);
  facts.name = row.text(0, 1);
  const std::string_view kind = row.text(0, 2);
  facts.partitioned = kind == "p";
  facts.ordinary = (kind == "r" || kind == "p") && !row.boolean(0, 3);
  facts.unlogged = row.boolean(0, 4);
  co_await read_columns(connection, facts);
  co_await read_indexes(connection, facts);
  co_return facts;
}

}  // namespace penstock::ops
