#include "apply/table/column_scan.hpp"

#include <algorithm>

#include "model/json_text.hpp"

namespace penstock::apply {

std::size_t ColumnScan::shape_of(std::string_view image) {
  if (has_last_shape(image)) return last_;
  std::vector<std::string> members;
  for (MemberCursor cursor(image); cursor.next();) members.emplace_back(cursor.name());
  const auto known = std::find(shapes_.begin(), shapes_.end(), members);
  last_ = static_cast<std::size_t>(known - shapes_.begin());
  if (known == shapes_.end()) shapes_.push_back(std::move(members));
  return last_;
}

bool ColumnScan::has_last_shape(std::string_view image) const {
  if (shapes_.empty()) return false;
  MemberCursor cursor(image);
  for (const std::string& member : shapes_[last_]) {
    if (!cursor.next_is(member)) return false;
  }
  return !cursor.next();
}

}  // namespace penstock::apply
