#pragma once
#include <string_view>

#include "model/change.hpp"
#include "pg/result.hpp"

namespace penstock::capture {

// Walks through journal rows, change by change: a row holds many, separated by 0x1E (RFC 7464), which no JSON text
// contains.
class ChangeCursor {
 public:
  // The columns cdc_id, txid, changed_at (Unix ms), relation, action, n, old_rows, new_rows begin at first_column.
  // A row whose cdc_id is NULL is passed over (a batch without journal rows). rows must outlive the cursor.
  ChangeCursor(const pg::Result& rows, int first_column) : rows_(rows), column_(first_column) {}

  // The next change, its views into the result; false at the end.
  // Throws Failure(bug) where a row does not hold as many changes as it says.
  bool next(Change& change);
  std::int64_t last_cdc_id() const { return change_.cdc_id; }

 private:
  bool enter_next_row();

  const pg::Result& rows_;
  const int column_;
  int row_ = -1;
  std::int64_t left_ = 0;    // changes of the current row not yet given out
  std::string_view text_;    // their images
  std::string_view before_;  // the old images of updates, where the journal has them
  Change change_;
};

// The same for one piece of a stored backfill slice: changes of one relation.
class SliceCursor {
 public:
  // piece numbers those of a batch from 0. action: "read": rows holds images; "delete": the keys of rows that are gone;
  // "truncate": one change, and no rows.
  SliceCursor(std::string_view relation, std::int64_t piece, std::int64_t ts_ms, std::string_view rows,
              std::string_view action = "read");
  bool next(Change& change);

 private:
  Change change_;
  std::string_view text_;
  bool left_;
};

}  // namespace penstock::capture
