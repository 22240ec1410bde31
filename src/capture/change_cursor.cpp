#include "capture/change_cursor.hpp"

#include "base/check.hpp"

namespace penstock::capture {
namespace {

constexpr char kSeparator = 0x1E;

// Takes the first image off text.
std::string_view take_image(std::string_view& text) {
  const auto end = text.find(kSeparator);
  const std::string_view image = text.substr(0, end);
  text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  return image;
}

Op op_of(std::string_view action) {
  if (action == "insert") return Op::create;
  // A row too large to be written as JSON: an update that has only its key, for the dead letters.
  if (action == "update" || action == "oversize") return Op::update;
  if (action == "delete") return Op::remove;
  PENSTOCK_CHECK(action == "truncate");
  return Op::truncate;
}

}  // namespace

bool ChangeCursor::enter_next_row() {
  do {
    if (++row_ >= rows_.rows()) return false;
  } while (rows_.is_null(row_, column_));
  change_.cdc_id = rows_.int64(row_, column_);
  change_.txid = rows_.int64(row_, column_ + 1);
  change_.ts_ms = rows_.int64(row_, column_ + 2);
  change_.relation = rows_.text(row_, column_ + 3);
  const std::string_view action = rows_.text(row_, column_ + 4);
  change_.op = op_of(action);
  change_.oversize = action == "oversize";
  change_.ordinal = -1;
  left_ = rows_.int64(row_, column_ + 5);
  const bool keys_only = change_.op == Op::remove || change_.oversize;
  const std::string_view old_rows = rows_.text(row_, column_ + 6);
  text_ = keys_only ? old_rows : rows_.text(row_, column_ + 7);
  before_ = keys_only ? std::string_view() : old_rows;
  return true;
}

bool ChangeCursor::next(Change& change) {
  while (left_ == 0) {
    PENSTOCK_CHECK(text_.empty() && before_.empty());
    if (!enter_next_row()) return false;
  }
  --left_;
  ++change_.ordinal;
  change_.image = take_image(text_);
  change_.before = take_image(before_);
  PENSTOCK_CHECK(change_.op == Op::truncate || !change_.image.empty());
  change = change_;
  return true;
}

SliceCursor::SliceCursor(std::string_view relation, std::int64_t piece, std::int64_t ts_ms, std::string_view rows,
                         std::string_view action)
    : text_(rows), left_(action == "truncate" || !rows.empty()) {
  change_.op = action == "read" ? Op::read : op_of(action);
  change_.cdc_id = kSliceCdcId + piece;
  change_.ordinal = -1;
  change_.ts_ms = ts_ms;
  change_.relation = relation;
}

bool SliceCursor::next(Change& change) {
  if (!left_) return false;
  ++change_.ordinal;
  change_.image = take_image(text_);
  left_ = !text_.empty();
  change = change_;
  return true;
}

}  // namespace penstock::capture
