#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

struct pg_result;  // libpq's; only pg/ includes libpq-fe.h

namespace penstock::pg {

struct ClearResult {
  void operator()(pg_result* result) const;
};

// The rows of one statement, in text format. Owns the PGresult; the string_views live as long as it does.
class Result {
 public:
  explicit Result(pg_result* owned = nullptr) : handle_(owned) {}

  int rows() const;
  int columns() const;
  bool empty() const { return rows() == 0; }
  std::int64_t affected_rows() const;  // of insert, update, delete

  bool is_null(int row, int column) const;
  std::string_view text(int row, int column) const;  // "" for NULL; NUL-terminated behind its end
  std::int64_t int64(int row, int column) const;     // PENSTOCK_CHECKs that it is a number and not NULL
  bool boolean(int row, int column) const;

 private:
  std::unique_ptr<pg_result, ClearResult> handle_;
};

}  // namespace penstock::pg
