#pragma once
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace penstock::apply {

// Notices a column of A that B lacks (json_populate_recordset would drop it without a word). The images of a table name
// the same members in the same order until somebody alters the table, so each is compared with the one before.
class ColumnScan {
 public:
  explicit ColumnScan(const std::vector<std::string>& columns);

  // The name, as JSON text, of a top-level member of the row that is no column; nullopt: all are.
  std::optional<std::string> unknown_member(std::string_view row);

 private:
  std::set<std::string, std::less<>> known_;  // as JSON strings with quotes
  std::vector<std::string> last_;             // members of the last row, in order
};

}  // namespace penstock::apply
