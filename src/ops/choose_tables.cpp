#include "ops/choose_tables.hpp"

#include <algorithm>

#include "sql/embedded_sql.hpp"

namespace penstock::ops {
namespace {

bool same(const SqlName& x, const SqlName& y) { return x.schema == y.schema && x.table == y.table; }

std::vector<ChosenTable> named_tables(const Config& config) {
  std::vector<ChosenTable> chosen;
  for (const auto& table : config.tables) {
    if (!table.pattern) chosen.push_back({&table, *parse_sql_name(table.source), *parse_sql_name(table.target)});
  }
  return chosen;
}

// The [[table]] that has the name already; nullptr: none.
const Config::Table* chooser_of(const SqlName& name, const std::vector<ChosenTable>& chosen) {
  const auto found =
      std::find_if(chosen.begin(), chosen.end(), [&](const ChosenTable& one) { return same(one.source, name); });
  return found == chosen.end() ? nullptr : found->configured;
}

void choose_by_pattern(const Config::Table& table, const std::vector<SqlName>& all, std::vector<ChosenTable>& chosen) {
  const SqlPattern source = *SqlPattern::parse(table.source);
  const SqlPattern target = *SqlPattern::parse(table.target);
  bool any = false;
  for (const auto& name : all) {
    if (!source.matches(name)) continue;
    any = true;
    const Config::Table* other = chooser_of(name, chosen);
    if (other != nullptr && other->pattern) {
      throw ConfigError(table.place,
                        name.schema + "." + name.table + " is matched by " + other->source + " and by " + table.source);
    }
    if (other == nullptr) chosen.push_back({&table, name, *target.filled(name)});
  }
  if (!any) throw ConfigError(table.place, "no table of A matches " + table.source);
}

}  // namespace

Task<std::vector<ChosenTable>> choose_tables(const Config& config, pg::Connection& a) {
  std::vector<ChosenTable> chosen = named_tables(config);
  if (chosen.size() == config.tables.size()) co_return chosen;
  const pg::Result rows = co_await a.query(sql::source::tables_to_choose);
  std::vector<SqlName> all;
  for (int row = 0; row < rows.rows(); ++row) {
    all.push_back({std::string(rows.text(row, 0)), std::string(rows.text(row, 1))});
  }
  for (const auto& table : config.tables) {
    if (table.pattern) choose_by_pattern(table, all, chosen);
  }
  co_return chosen;
}

}  // namespace penstock::ops
