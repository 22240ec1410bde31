#pragma once
#include <optional>
#include <string>
#include <vector>

#include "model/pipeline_spec.hpp"
#include "ops/hashed_table.hpp"

namespace penstock::ops {

// A key whose rows differ at first sight; the two readings were not of one moment.
struct Suspect {
  std::string key;
  bool on_a = false;
  bool on_b = false;
};

// A table on A and its target on B, compared in bounded memory: sums of hash buckets first, rows of buckets that differ
// then.
class TableComparison {
 public:
  TableComparison(pg::Connection& a, pg::Connection& b) : a_(a), b_(b) {}

  // Reads both tables once for the sums, and once more for the rows of buckets that differ. columns: those that count.
  // Both sessions run sql/common/verify_session.sql before.
  Task<void> begin(const PipelineSpec::Table& table, const std::vector<std::string>& columns);
  // The next ones, a bucket's at least; none: that was all.
  Task<std::vector<Suspect>> next();
  Task<void> end();  // gives back what the servers keep

  std::int64_t rows() const { return rows_; }  // on A
  HashedTable& on_a() { return *on_a_; }
  HashedTable& on_b() { return *on_b_; }

 private:
  Task<void> find_differing_buckets();

  pg::Connection& a_;
  pg::Connection& b_;
  std::optional<HashedTable> on_a_, on_b_;
  std::vector<std::int64_t> differing_;  // buckets, ascending
  std::size_t at_ = 0;
  std::int64_t rows_ = 0;
};

}  // namespace penstock::ops
