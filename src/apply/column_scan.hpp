#pragma once
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace penstock::apply {

// Follows which columns of the target the images of A carry. One that the target lacks would be dropped by
// json_populate_recordset without a word; one that only the target has must not be written. The images of a table name
// the same members in the same order until somebody alters the table, so each is compared with the one before.
class ColumnScan {
 public:
  explicit ColumnScan(const std::vector<std::string>& target_columns);

  struct Look {
    bool news = false;                   // it has a column that no image had before
    std::optional<std::string> unknown;  // a member that is no column, as JSON text
  };
  Look look(std::string_view image);

  // Columns that some image had, in the order of their first appearance.
  const std::vector<std::string>& seen() const { return seen_; }

 private:
  struct Column {
    std::string name;
    bool seen = false;
  };
  std::map<std::string, Column, std::less<>> columns_;  // by their JSON string, with quotes
  std::vector<std::string> seen_;
  std::vector<std::string> last_;  // members of the last image, in order
};

}  // namespace penstock::apply
