#include "support/compare.hpp"

namespace penstock::test {

TableRows read_table(Database& database, const std::string& table, const std::string& key) {
  TableRows rows;
  for (auto& row : database.rows("select (" + key + ")::text, t::text from " + table + " as t")) {
    if (!rows.by_key.emplace(row[0], std::move(row[1])).second) rows.doubled.push_back(row[0]);
  }
  return rows;
}

std::vector<std::string> differences(const TableRows& a, const TableRows& b, const std::set<std::string>& explained) {
  std::vector<std::string> all;
  const auto add = [&](const std::string& key, const std::string& what) {
    if (!explained.contains(key)) all.push_back("key " + key + ": " + what);
  };
  for (const auto& key : a.doubled) add(key, "A holds it more than once");
  for (const auto& key : b.doubled) add(key, "B holds it more than once");
  for (const auto& [key, row] : a.by_key) {
    const auto found = b.by_key.find(key);
    if (found == b.by_key.end()) {
      add(key, "A has " + row + ", B has nothing");
    } else if (found->second != row) {
      add(key, "A has " + row + ", B has " + found->second);
    }
  }
  for (const auto& [key, row] : b.by_key) {
    if (!a.by_key.contains(key)) add(key, "A has nothing, B has " + row);
  }
  return all;
}

}  // namespace penstock::test
