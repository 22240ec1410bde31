#include "ops/verify.hpp"

#include <algorithm>

#include <spdlog/fmt/fmt.h>

#include "base/check.hpp"
#include "base/log.hpp"
#include "model/json_text.hpp"
#include "ops/coverage.hpp"
#include "ops/hashed_table.hpp"
#include "ops/shared_columns.hpp"
#include "ops/spec.hpp"
#include "sql/embedded_sql.hpp"

namespace penstock::ops {
namespace {

using namespace std::chrono_literals;

constexpr std::int64_t kBuckets = 1 << 14;
constexpr std::int64_t kRowsAtOnce = 100'000;  // whose keys are listed by one statement a side
constexpr std::size_t kKeysAtOnce = 1'000;
constexpr std::int64_t kKeysMax = 1'000;  // differences after which the search ends
constexpr int kRoundsMax = 30;
constexpr auto kPatience = 30s;

void append_names(std::string& out, std::string_view member, const std::vector<std::string>& names) {
  out += fmt::format(",\"{}\":[", member);
  for (const auto& name : names) {
    if (out.back() != '[') out.push_back(',');
    append_json_string(out, name);
  }
  out.push_back(']');
}

class TableVerifier {
 public:
  TableVerifier(std::string pipeline, const PipelineSpec::Table& table, pg::Connection& a, pg::Connection& b)
      : pipeline_(std::move(pipeline)), table_(table), a_(a), b_(b) {
    report_.relation = table.relation;
  }

  Task<VerifyReport::Table> run() {
    SharedColumns columns = co_await shared_columns(a_, b_, table_);
    const auto how = co_await compare_types(a_, table_.relation, b_, table_.target, columns.both);
    HashedTable a = co_await HashedTable::open(a_, table_.relation, columns.both, table_.key, how);
    HashedTable b = co_await HashedTable::open(b_, table_.target, columns.both, table_.key, how);
    report_.on_a_alone = std::move(columns.on_a_alone);
    report_.on_b_alone = std::move(columns.on_b_alone);
    on_a_.emplace(std::move(a));
    on_b_.emplace(std::move(b));
    const std::vector<Differing> buckets = co_await differing_buckets();
    for (std::size_t at = 0; at < buckets.size() && !report_.more;) {
      std::vector<std::int64_t> some;
      for (std::int64_t rows = 0; at < buckets.size() && rows < kRowsAtOnce; ++at) {
        some.push_back(buckets[at].bucket);
        rows += buckets[at].rows;
      }
      const std::vector<std::string> keys = co_await suspects(some);
      for (std::size_t from = 0; from < keys.size() && !report_.more; from += kKeysAtOnce) {
        const auto to = std::min(keys.size(), from + kKeysAtOnce);
        co_await follow_up(
            {keys.begin() + static_cast<std::ptrdiff_t>(from), keys.begin() + static_cast<std::ptrdiff_t>(to)});
        report_.more = report_.differing - report_.explained >= kKeysMax;
      }
    }
    co_return std::move(report_);
  }

 private:
  struct Differing {
    std::int64_t bucket;
    std::int64_t rows;  // of the side that has more
  };

  Task<std::vector<Differing>> differing_buckets() {
    const auto a = co_await on_a_->buckets(kBuckets);
    const auto b = co_await on_b_->buckets(kBuckets);
    std::vector<Differing> differing;
    for (const auto& [bucket, content] : a) {
      report_.rows += content.rows;
      const auto other = b.find(bucket);
      if (other != b.end() && other->second == content) continue;
      differing.push_back({bucket, std::max(content.rows, other == b.end() ? 0 : other->second.rows)});
    }
    for (const auto& [bucket, content] : b) {
      if (a.find(bucket) == a.end()) differing.push_back({bucket, content.rows});
    }
    co_return differing;
  }

  // Keys that differ at first sight: the two readings were not of one moment.
  Task<std::vector<std::string>> suspects(const std::vector<std::int64_t>& buckets) {
    const auto a = co_await on_a_->rows_of(kBuckets, buckets);
    const auto b = co_await on_b_->rows_of(kBuckets, buckets);
    std::vector<std::string> keys;
    for (const auto& [key, hash] : a) {
      const auto other = b.find(key);
      if (other == b.end() || other->second != hash) keys.push_back(key);
    }
    for (const auto& [key, hash] : b) {
      if (a.find(key) == a.end()) keys.push_back(key);
    }
    co_return keys;
  }

  struct Seen {
    HashedTable::RowHash a_before, a_after, b;
    bool operator==(const Seen&) const = default;
  };

  // Until each key is equal, or proven to differ: A's row, everything A had by then on B, B's row, and A's row once
  // more unchanged; and all that a second time, since a row may change to and fro between two readings.
  Task<void> follow_up(std::vector<std::string> keys) {
    std::map<std::string, Seen> seen;
    for (int round = 0; round < kRoundsMax && !keys.empty() && !gave_up_; ++round) {
      const auto before = co_await on_a_->look_up(keys);
      const bool covered = co_await wait_until_covered(a_, b_, pipeline_, before.snapshot, kPatience);
      if (!covered) {
        log::warn("verify: B does not get everything that A had ({} s without a step): is `penstock run` at work?",
                  kPatience.count());
        gave_up_ = true;
        break;
      }
      const auto on_b = co_await on_b_->look_up_with_rejects(keys, pipeline_, table_.relation);
      const auto after = co_await on_a_->look_up(keys);
      std::vector<std::string> open;
      for (std::size_t i = 0; i < keys.size(); ++i) {
        if (after.hashes[i] == on_b.hashes[i]) continue;
        const Seen now{before.hashes[i], after.hashes[i], on_b.hashes[i]};
        const auto last = seen.find(keys[i]);
        if (now.a_before == now.a_after && last != seen.end() && last->second == now) {
          count_difference(keys[i], on_b.rejected.find(keys[i]) != on_b.rejected.end());
        } else {
          open.push_back(keys[i]);
        }
        seen[keys[i]] = now;
      }
      keys = std::move(open);
    }
    report_.unsettled += static_cast<std::int64_t>(keys.size());
  }

  void count_difference(const std::string& key, bool explained) {
    ++report_.differing;
    if (explained) {
      ++report_.explained;
    } else {
      report_.keys.push_back(key);
    }
  }

  const std::string pipeline_;
  const PipelineSpec::Table& table_;
  pg::Connection& a_;
  pg::Connection& b_;
  std::optional<HashedTable> on_a_, on_b_;
  VerifyReport::Table report_;
  bool gave_up_ = false;  // B does not move: what differs stays unsettled
};

}  // namespace

Task<VerifyReport> verify(const Config& config, const std::optional<std::string>& table) {
  pg::Connection a = co_await pg::Connection::connect({config.source.dsn, "A"});
  pg::Connection b = co_await pg::Connection::connect({config.target.dsn, "B"});
  const PipelineSpec spec = co_await load_spec(config, b);
  co_await a.script(sql::common::verify_session);
  co_await b.script(sql::common::verify_session);
  const PipelineSpec::Table* const wanted = table ? &table_named(spec, *table) : nullptr;
  VerifyReport report;
  for (const auto& one : spec.tables) {
    if (wanted != nullptr && wanted != &one) continue;
    TableVerifier verifier(spec.pipeline, one, a, b);
    VerifyReport::Table found = co_await verifier.run();
    report.equal = report.equal && found.keys.empty() && found.unsettled == 0;
    report.tables.push_back(std::move(found));
  }
  co_return report;
}

std::string VerifyReport::to_text() const {
  std::string out;
  for (const auto& table : tables) {
    out += fmt::format("{}: {} rows, {} differing, {} of them explained by open rejects{}\n", table.relation,
                       table.rows, table.differing, table.explained,
                       table.unsettled > 0 ? fmt::format(", {} not settled", table.unsettled) : "");
    for (const auto& key : table.keys) out += "  differs: " + key + "\n";
    if (table.more) out += "  … and perhaps more\n";
    for (const auto& column : table.on_a_alone) out += "  not compared: " + column + ", which B lacks\n";
    for (const auto& column : table.on_b_alone) out += "  not compared: " + column + ", which A lacks\n";
  }
  return out + (equal ? "A = B but for explained rejects\n" : "A and B differ\n");
}

std::string VerifyReport::to_json() const {
  std::string out = fmt::format(R"({{"equal":{},"tables":[)", equal);
  for (const auto& table : tables) {
    out.append(out.back() == '[' ? "{\"table\":" : ",{\"table\":");
    append_json_string(out, table.relation);
    out += fmt::format(R"(,"rows":{},"differing":{},"explained_by_rejects":{},"unsettled":{},"more":{},"keys":[)",
                       table.rows, table.differing, table.explained, table.unsettled, table.more);
    for (const auto& key : table.keys) out.append(out.back() == '[' ? "" : ",").append(key);
    out.append("]");
    append_names(out, "on_a_alone", table.on_a_alone);
    append_names(out, "on_b_alone", table.on_b_alone);
    out.push_back('}');
  }
  return out + "]}\n";
}

}  // namespace penstock::ops
