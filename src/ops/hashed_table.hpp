#pragma once
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "pg/connection.hpp"

namespace penstock::ops {

// One side of a comparison: a table as hashes. The statements are put together by the server
// (sql/common/verify_statements.sql). Of a table without a key equal rows stand together: their key is a hash of
// theirs, and what is compared is their number.
class HashedTable {
 public:
  using RowHash = std::optional<std::string>;  // nullopt: no such row; without a key: how many there are

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

  // The rows of these buckets, read once and kept by the server: one walk at a time, over ascending buckets.
  Task<void> begin_rows(std::int64_t count, const std::vector<std::int64_t>& buckets);
  // Key objects and hashes of the rows of one bucket; each of those begun with is to be asked for.
  Task<std::map<std::string, std::string>> rows_of(std::int64_t bucket);
  Task<void> end_rows();

  // The hashes of the rows with these keys, in their order, as one snapshot sees them; the snapshot with them.
  struct Looked {
    std::string snapshot;
    std::vector<RowHash> hashes;
    // Without a key, for each: its images in the ledger, and one of its rows as a JSON object. Empty where there is
    // none.
    std::vector<std::string> images, rows;
    std::map<std::string, std::int64_t, std::less<>> rejects;  // of a key, open in that snapshot
  };
  Task<Looked> look_up(const std::vector<std::string>& keys);
  // The same on B, with what its ledger says of a relation of A, where `on_a` is what was looked up.
  Task<Looked> look_up_with_rejects(const std::vector<std::string>& keys, const Looked& on_a,
                                    const std::string& pipeline, const std::string& relation);

 private:
  explicit HashedTable(pg::Connection& connection) : connection_(connection) {}
  Task<Looked> look_up_and(const std::vector<std::string>& keys, std::string_view more, pg::Params params);

  pg::Connection& connection_;
  bool keyless_ = false;
  std::string buckets_sql_, rows_sql_, lookup_sql_;
  std::optional<pg::Result> fetched_;  // rows of the walk, not all of them given out
  int row_ = 0;
};

// For the columns of one table on A and on B.
Task<HashedTable::Comparison> compare_types(pg::Connection& a, const std::string& table_a, pg::Connection& b,
                                            const std::string& table_b, const std::vector<std::string>& columns);

}  // namespace penstock::ops
