#include "pg/result.hpp"

#include <libpq-fe.h>

#include <charconv>

#include "base/check.hpp"

namespace penstock::pg {

void ClearResult::operator()(pg_result* result) const { PQclear(result); }

int Result::rows() const { return PQntuples(handle_.get()); }

int Result::columns() const { return PQnfields(handle_.get()); }

std::int64_t Result::affected_rows() const {
  const std::string_view count = PQcmdTuples(handle_.get());
  std::int64_t rows = 0;
  std::from_chars(count.data(), count.data() + count.size(), rows);
  return rows;
}

bool Result::is_null(int row, int column) const { return PQgetisnull(handle_.get(), row, column) == 1; }

std::string_view Result::text(int row, int column) const {
  const char* value = PQgetvalue(handle_.get(), row, column);
  PENSTOCK_CHECK(value != nullptr);  // no such row or column
  return {value, static_cast<std::size_t>(PQgetlength(handle_.get(), row, column))};
}

std::int64_t Result::int64(int row, int column) const {
  const std::string_view digits = text(row, column);
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  PENSTOCK_CHECK(error == std::errc() && end == digits.data() + digits.size());
  return number;
}

bool Result::boolean(int row, int column) const { return text(row, column) == "t"; }

}  // namespace penstock::pg
