#pragma once
#include <map>
#include <set>
#include <string>
#include <vector>

#include "support/database.hpp"

namespace penstock::test {

// The rows of a table as text, by the text of their key.
struct TableRows {
  std::map<std::string, std::string> by_key;
  std::vector<std::string> doubled;  // keys that stand there more than once
};

// `key` is an expression on the row: emp_id, or concat_ws('/', grp, id).
TableRows read_table(Database& database, const std::string& table, const std::string& key);

// How B differs from A, a sentence a key: missing, left over, different, doubled. Keys in `explained` are passed over.
// Nothing of the program takes part, so that its own proof (`verify`) is checked as well.
std::vector<std::string> differences(const TableRows& a, const TableRows& b,
                                     const std::set<std::string>& explained = {});

}  // namespace penstock::test
