#include "ops/table_comparison.hpp"

#include <algorithm>

namespace penstock::ops {
namespace {

constexpr std::int64_t kBuckets = 1 << 14;
constexpr std::size_t kSuspectsAtOnce = 1'000;

void add_bucket(std::vector<Suspect>& suspects, const std::map<std::string, std::string>& a,
                const std::map<std::string, std::string>& b) {
  for (const auto& [key, hash] : a) {
    const auto other = b.find(key);
    if (other == b.end() || other->second != hash) suspects.push_back({key, true, other != b.end()});
  }
  for (const auto& [key, hash] : b) {
    if (a.find(key) == a.end()) suspects.push_back({key, false, true});
  }
}

}  // namespace

Task<void> TableComparison::begin(const PipelineSpec::Table& table, const std::vector<std::string>& columns) {
  const pg::Params source = pg::Params::of(table.relation);
  co_await a_.query("select penstock.hold_for_copy($1::text::regclass)", source);  // refuses what is better not read
  const auto how = co_await compare_types(a_, table.relation, b_, table.target, columns);
  HashedTable a = co_await HashedTable::open(a_, table.relation, columns, table.key, how);
  HashedTable b = co_await HashedTable::open(b_, table.target, columns, table.key, how);
  on_a_.emplace(std::move(a));
  on_b_.emplace(std::move(b));
  co_await find_differing_buckets();
  co_await on_a_->begin_rows(kBuckets, differing_);
  co_await on_b_->begin_rows(kBuckets, differing_);
}

Task<void> TableComparison::find_differing_buckets() {
  const auto a = co_await on_a_->buckets(kBuckets);
  const auto b = co_await on_b_->buckets(kBuckets);
  for (const auto& [bucket, content] : a) {
    rows_ += content.rows;
    const auto other = b.find(bucket);
    if (other == b.end() || other->second != content) differing_.push_back(bucket);
  }
  for (const auto& [bucket, content] : b) {
    if (a.find(bucket) == a.end()) differing_.push_back(bucket);
  }
  std::sort(differing_.begin(), differing_.end());
}

Task<std::vector<Suspect>> TableComparison::next() {
  std::vector<Suspect> suspects;
  for (; at_ < differing_.size() && suspects.size() < kSuspectsAtOnce; ++at_) {
    const auto a = co_await on_a_->rows_of(differing_[at_]);
    const auto b = co_await on_b_->rows_of(differing_[at_]);
    add_bucket(suspects, a, b);
  }
  co_return suspects;
}

Task<void> TableComparison::end() {
  co_await on_a_->end_rows();
  co_await on_b_->end_rows();
}

}  // namespace penstock::ops
