#pragma once
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "pg/connection.hpp"

namespace penstock::ops {

// One side of a comparison: a table as hashes. The statements are put together by the server
// (sql/common/verify_statements.sql).
class HashedTable {
 public:
  using RowHash = std::optional<std::string>;  // nullopt: no such row

  struct Bucket {
    std::int64_t rows = 0;
    std::string sum;
    bool operator==(const Bucket&) const = default;
  };

  // How values are compared, one entry a column: "as is" where both sides have the same type.
  using Comparison = std::vector<std::string>;

  static Task<HashedTable> open(pg::Connection& connection, const std::string& table,
                                const std::vector<std::string>& columns, const std::vector<std::string>& key,
                                const Comparison& how);

  Task<std::map<std::int64_t, Bucket>> buckets(std::int64_t count);
  // Key objects and hashes of all rows in these buckets.
  Task<std::map<std::string, std::string>> rows_of(std::int64_t count, const std::vector<std::int64_t>& buckets);
  // The hashes of the rows with these keys, in their order, as one snapshot sees them; the snapshot with them.
  struct Looked {
    std::string snapshot;
    std::vector<RowHash> hashes;
  };
  Task<Looked> look_up(const std::vector<std::string>& keys);

 private:
  explicit HashedTable(pg::Connection& connection) : connection_(connection) {}

  pg::Connection& connection_;
  std::string buckets_sql_, keys_sql_, lookup_sql_;
};

// For the columns of one table on A and on B.
Task<HashedTable::Comparison> compare_types(pg::Connection& a, const std::string& table_a, pg::Connection& b,
                                            const std::string& table_b, const std::vector<std::string>& columns);

}  // namespace penstock::ops
