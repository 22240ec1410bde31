#include "ops/verify.hpp"

#include <algorithm>
#include <chrono>
#include <limits>

#include <spdlog/fmt/fmt.h>

#include "base/check.hpp"
#include "base/log.hpp"
#include "model/json_text.hpp"
#include "ops/backfill.hpp"
#include "ops/coverage.hpp"
#include "ops/shared_columns.hpp"
#include "ops/spec.hpp"
#include "ops/table_comparison.hpp"
#include "sql/embedded_sql.hpp"

namespace penstock::ops {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kKeysAtOnce = 1'000;
constexpr std::int64_t kKeysMax = 1'000;  // differences after which the search ends
// A row that is being written is looked at again, so often and so long at least.
constexpr int kRoundsMin = 30;
constexpr auto kSettleWithin = 10s;  // a table, comparing not counted
constexpr auto kBetweenRounds = 20ms;
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
  TableVerifier(const Config& config, const PipelineSpec::Table& table, pg::Connection& a, pg::Connection& b)
      : config_(config), table_(table), a_(a), b_(b), comparison_(a, b) {
    report_.relation = table.relation;
  }

  Task<VerifyReport::Table> run() {
    SharedColumns columns = co_await shared_columns(a_, b_, table_);
    co_await comparison_.begin(table_, columns.both);
    report_.on_a_alone = std::move(columns.on_a_alone);
    report_.on_b_alone = std::move(columns.on_b_alone);
    report_.rows = comparison_.rows();
    while (!report_.more) {
      const std::vector<Suspect> suspects = co_await comparison_.next();
      if (suspects.empty()) break;
      for (std::size_t from = 0; from < suspects.size() && !report_.more; from += kKeysAtOnce) {
        std::vector<std::string> keys;
        const auto to = std::min(suspects.size(), from + kKeysAtOnce);
        for (std::size_t i = from; i < to; ++i) keys.push_back(suspects[i].key);
        co_await follow_up(std::move(keys));
        report_.more = report_.differing - report_.explained >= kKeysMax;
      }
    }
    co_await comparison_.end();
    co_return std::move(report_);
  }

 private:
  struct Seen {
    HashedTable::RowHash a_before, a_after, b;
    bool operator==(const Seen&) const = default;
  };

  // Until each key is equal, or proven to differ. A round reads A's row, waits until B has everything that A had by
  // then, reads B's row, and A's row once more. B's row is right when it equals either of A's two: it is what A held
  // when the first was read, or later. It differs when A's row did not change meanwhile, and all was the same the round
  // before: a row may change to and fro between two readings.
  // A row that changes more often than B lags behind is never B's when it is read the second time; it is at the first
  // in one of some twenty rounds, when B is read before the next change has come through. Hence many rounds.
  Task<void> follow_up(std::vector<std::string> keys) {
    std::map<std::string, Seen> seen;
    const auto began = std::chrono::steady_clock::now();
    for (int round = 0; !keys.empty() && !gave_up_; ++round) {
      if (round >= kRoundsMin && std::chrono::steady_clock::now() - began >= settling_left_) break;
      if (round > 0) co_await sleep_for(kBetweenRounds);
      const auto before = co_await comparison_.on_a().look_up(keys);
      const bool covered = co_await wait_until_covered(a_, b_, config_, before.snapshot, kPatience);
      if (!covered) {
        log::warn("verify: B does not get everything that A had ({} s without a step): is `penstock run` at work?",
                  kPatience.count());
        gave_up_ = true;
        break;
      }
      const auto on_b = co_await comparison_.on_b().look_up_with_rejects(keys, before, pipeline_, table_.relation);
      const auto after = co_await comparison_.on_a().look_up(keys);
      std::vector<std::string> open;
      for (std::size_t i = 0; i < keys.size(); ++i) {
        if (on_b.hashes[i] == before.hashes[i] || on_b.hashes[i] == after.hashes[i]) continue;
        const Seen now{before.hashes[i], after.hashes[i], on_b.hashes[i]};
        const auto last = seen.find(keys[i]);
        if (now.a_before == now.a_after && last != seen.end() && last->second == now) {
          const auto rejects = on_b.rejects.find(keys[i]);
          const bool explained = rejects != on_b.rejects.end() && rejects->second >= lacking(now);
          count_difference(table_.key.empty() ? some_row(after, on_b, i) : keys[i], explained);
        } else {
          open.push_back(keys[i]);
        }
        seen[keys[i]] = now;
      }
      keys = std::move(open);
    }
    settling_left_ -= std::chrono::steady_clock::now() - began;
    report_.unsettled += static_cast<std::int64_t>(keys.size());
  }

  // How many rejects it takes to explain a difference. Rows of a table without a key that B has and A has not are
  // explained by none.
  std::int64_t lacking(const Seen& seen) const {
    if (!table_.key.empty()) return 1;
    const auto number = [](const HashedTable::RowHash& rows) { return rows ? std::stoll(*rows) : 0; };
    const std::int64_t missing = number(seen.a_after) - number(seen.b);
    return missing > 0 ? missing : std::numeric_limits<std::int64_t>::max();
  }

  static const std::string& some_row(const HashedTable::Looked& a, const HashedTable::Looked& b, std::size_t i) {
    return a.rows[i].empty() ? b.rows[i] : a.rows[i];
  }

  void count_difference(const std::string& key, bool explained) {
    ++report_.differing;
    if (explained) {
      ++report_.explained;
    } else {
      report_.keys.push_back(key);
    }
  }

  const Config& config_;
  const std::string& pipeline_ = config_.pipeline.name;
  const PipelineSpec::Table& table_;
  pg::Connection& a_;
  pg::Connection& b_;
  TableComparison comparison_;
  VerifyReport::Table report_;
  std::chrono::nanoseconds settling_left_ = kSettleWithin;
  bool gave_up_ = false;  // B does not move: what differs stays unsettled
};

using Tables = std::vector<const PipelineSpec::Table*>;

Task<VerifyReport> verify_all(const Config& config, const Tables& tables, pg::Connection& a, pg::Connection& b) {
  VerifyReport report;
  for (const auto* table : tables) {
    TableVerifier verifier(config, *table, a, b);
    VerifyReport::Table found = co_await verifier.run();
    report.equal = report.equal && found.keys.empty() && found.unsettled == 0;
    report.tables.push_back(std::move(found));
  }
  co_return report;
}

// Asks for what differs; false: the copy does not arrive.
Task<bool> repair(const Config& config, const Tables& tables, const VerifyReport& found, pg::Connection& a,
                  pg::Connection& b) {
  for (std::size_t i = 0; i < tables.size(); ++i) {
    const VerifyReport::Table& differing = found.tables[i];
    if (tables[i]->key.empty()) {
      if (!differing.keys.empty()) {
        log::warn(
            "verify: {} has no key, so its rows cannot be copied again one by one: run `penstock backfill {}`, which "
            "copies it anew",
            differing.relation, differing.relation);
      }
      continue;
    }
    if (differing.more) {
      co_await request_table(a, b, config.pipeline.name, *tables[i]);
    } else {
      co_await request_rows(a, config.pipeline.name, tables[i]->relation, differing.keys);
    }
    if (!differing.keys.empty()) {
      log::info("verify: {}: copying {} again", differing.relation,
                differing.more ? "the whole table" : std::to_string(differing.keys.size()) + " rows");
    }
  }
  const pg::Result now = co_await a.query("select pg_current_snapshot()");
  const std::string snapshot(now.text(0, 0));
  const bool there = co_await wait_until_covered(a, b, config, snapshot, kPatience);
  if (!there) {
    log::warn(
        "verify: the repair does not arrive ({} s without a step); it stays asked for: is `penstock run` at work?",
        kPatience.count());
  }
  co_return there;
}

}  // namespace

Task<VerifyReport> verify(const Config& config, const VerifyOptions& options) {
  pg::Connection a = co_await pg::Connection::connect({config.source.dsn, "A"});
  pg::Connection b = co_await pg::Connection::connect({config.target.dsn, "B"});
  const PipelineSpec spec = co_await load_spec(config, b);
  co_await a.script(sql::common::verify_session);
  co_await b.script(sql::common::verify_session);
  Tables tables;
  for (const auto& table : spec.tables) {
    if (!options.table || &table == &table_named(spec, *options.table)) tables.push_back(&table);
  }
  VerifyReport report = co_await verify_all(config, tables, a, b);
  if (!options.repair || report.equal) co_return report;
  const bool repaired = co_await repair(config, tables, report, a, b);
  if (!repaired) co_return report;
  VerifyReport after = co_await verify_all(config, tables, a, b);
  for (std::size_t i = 0; i < tables.size(); ++i) {
    if (!tables[i]->key.empty()) after.tables[i].repaired = std::ssize(report.tables[i].keys);
  }
  co_return after;
}

std::string VerifyReport::to_text() const {
  std::string out;
  for (const auto& table : tables) {
    out += fmt::format("{}: {} rows, {} differing, {} of them explained by open rejects{}{}\n", table.relation,
                       table.rows, table.differing, table.explained,
                       table.repaired > 0 ? fmt::format(", {} repaired", table.repaired) : "",
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
    out += fmt::format(
        R"(,"rows":{},"differing":{},"explained_by_rejects":{},"unsettled":{},"more":{},"repaired":{},"keys":[)",
        table.rows, table.differing, table.explained, table.unsettled, table.more, table.repaired);
    for (const auto& key : table.keys) out.append(out.back() == '[' ? "" : ",").append(key);
    out.append("]");
    append_names(out, "on_a_alone", table.on_a_alone);
    append_names(out, "on_b_alone", table.on_b_alone);
    out.push_back('}');
  }
  return out + "]}\n";
}

}  // namespace penstock::ops
