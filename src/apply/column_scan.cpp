#include "apply/column_scan.hpp"

#include "model/json_text.hpp"

namespace penstock::apply {

ColumnScan::ColumnScan(const std::vector<std::string>& columns) {
  for (const auto& column : columns) {
    std::string member;
    append_json_string(member, column);
    known_.insert(std::move(member));
  }
}

std::optional<std::string> ColumnScan::unknown_member(std::string_view row) {
  MemberCursor cursor(row);
  std::size_t i = 0;
  for (; cursor.next(); ++i) {
    if (i < last_.size() && last_[i] == cursor.name()) continue;
    if (known_.find(cursor.name()) == known_.end()) return std::string(cursor.name());
    last_.resize(i);
    last_.emplace_back(cursor.name());
  }
  return std::nullopt;
}

}  // namespace penstock::apply
