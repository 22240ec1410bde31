#include "apply/column_scan.hpp"

#include "model/json_text.hpp"

namespace penstock::apply {

ColumnScan::ColumnScan(const std::vector<std::string>& target_columns) {
  for (const auto& column : target_columns) {
    std::string member;
    append_json_string(member, column);
    columns_.emplace(std::move(member), Column{column});
  }
}

ColumnScan::Look ColumnScan::look(std::string_view image) {
  Look result;
  MemberCursor cursor(image);
  for (std::size_t i = 0; cursor.next(); ++i) {
    if (i < last_.size() && last_[i] == cursor.name()) continue;
    const auto column = columns_.find(cursor.name());
    if (column == columns_.end()) {
      result.unknown = std::string(cursor.name());
      last_.clear();
      return result;
    }
    last_.resize(i);
    last_.emplace_back(cursor.name());
    if (column->second.seen) continue;
    column->second.seen = true;
    seen_.push_back(column->second.name);
    result.news = true;
  }
  return result;
}

}  // namespace penstock::apply
