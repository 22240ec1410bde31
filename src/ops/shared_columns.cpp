#include "ops/shared_columns.hpp"

#include <algorithm>

#include "sql/embedded_sql.hpp"

namespace penstock::ops {
namespace {

Task<std::vector<std::string>> column_names(pg::Connection& connection, const std::string& table) {
  const pg::Result rows = co_await connection.query(sql::common::column_names, pg::Params::of(table));
  std::vector<std::string> names;
  for (int row = 0; row < rows.rows(); ++row) names.emplace_back(rows.text(row, 0));
  co_return names;
}

bool contains(const std::vector<std::string>& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

}  // namespace

Task<SharedColumns> shared_columns(pg::Connection& a, pg::Connection& b, const PipelineSpec::Table& table) {
  const std::vector<std::string> on_a = co_await column_names(a, table.relation);
  const std::vector<std::string> on_b = co_await column_names(b, table.target);
  SharedColumns columns;
  for (const auto& name : on_a) (contains(on_b, name) ? columns.both : columns.on_a_alone).push_back(name);
  for (const auto& name : on_b) {
    if (!contains(on_a, name)) columns.on_b_alone.push_back(name);
  }
  for (const auto& name : table.key) {
    if (contains(columns.both, name)) continue;
    throw Failure(ErrorKind::setup, "the key's column " + name + " is not both in " + table.relation + " on A and in " +
                                        table.target + " on B: was it renamed or dropped?");
  }
  co_return columns;
}

}  // namespace penstock::ops
