#include "ops/backfill.hpp"

#include "base/log.hpp"
#include "model/counts.hpp"
#include "ops/coverage.hpp"
#include "ops/spec.hpp"
#include "ops/table_comparison.hpp"
#include "sql/embedded_sql.hpp"

namespace penstock::ops {
namespace {

using namespace std::chrono_literals;

constexpr auto kInterval = 50ms;
constexpr auto kReportInterval = 5s;
constexpr auto kPatience = 60s;

Task<void> open_keys_where(pg::Connection& a, const std::string& pipeline, const std::string& relation,
                           const std::string& where) {
  const pg::Params params = pg::Params::of(pipeline, relation, where);
  const pg::Result statement = co_await a.query(sql::source::keys_where, params);
  if (statement.empty()) throw Failure(ErrorKind::usage, relation + " is not captured on A: run `penstock migrate`");
  std::string complaint;
  try {
    co_await a.query(statement.text(0, 0));
    co_return;
  } catch (const pg::Error& error) {
    if (error.transient()) throw;
    complaint = error.what();
  }
  throw Failure(ErrorKind::usage, "--where is no predicate on " + relation + ": " + complaint);
}

Task<std::int64_t> request_where(pg::Connection& a, const std::string& pipeline, const std::string& relation,
                                 const std::string& where) {
  const pg::Params source = pg::Params::of(relation);
  co_await a.query("select penstock.hold_for_copy($1::text::regclass)", source);  // refuses what is better not read
  co_await open_keys_where(a, pipeline, relation, where);
  std::int64_t asked = 0;
  while (true) {
    const pg::Result rows = co_await a.query("fetch 1000 from penstock_keys");
    if (rows.empty()) co_return asked;
    std::vector<std::string> keys;
    for (int row = 0; row < rows.rows(); ++row) keys.emplace_back(rows.text(row, 0));
    co_await request_rows(a, pipeline, relation, keys);
    asked += rows.rows();
  }
}

Task<std::int64_t> captured_of(pg::Connection& a, const std::string& pipeline, const std::string& relation) {
  const pg::Result slot = co_await a.query(sql::source::newest_slot, pg::Params::of(pipeline));
  if (slot.empty()) co_return 0;
  for (const auto& [name, captured] : read_counts(slot.text(0, 10))) {
    if (name == relation) co_return captured;
  }
  co_return 0;
}

// False: nothing moved for a while.
Task<bool> wait_until_there(pg::Connection& a, pg::Connection& b, const Config& config, const std::string& relation) {
  const std::string& pipeline = config.pipeline.name;
  const pg::Result now = co_await a.query("select pg_current_snapshot()");
  Coverage coverage(config, std::string(now.text(0, 0)));
  const std::int64_t before = co_await captured_of(a, pipeline, relation);
  auto reported = std::chrono::steady_clock::now();
  while (true) {
    const bool there = co_await coverage.look(a, b);
    if (there || coverage.still_for() >= kPatience) co_return there;
    if (std::chrono::steady_clock::now() - reported > kReportInterval) {
      const std::int64_t captured = co_await captured_of(a, pipeline, relation);
      log::info("backfill: {}: {} rows and changes read since the request", relation, captured - before);
      reported = std::chrono::steady_clock::now();
    }
    co_await sleep_for(kInterval);
  }
}

}  // namespace

Task<void> request_rows(pg::Connection& a, const std::string& pipeline, const std::string& relation,
                        const std::vector<std::string>& keys) {
  if (keys.empty()) co_return;
  std::string array = "[";
  for (const auto& key : keys) array.append(array.size() > 1 ? "," : "").append(key);
  array.push_back(']');
  const pg::Params params = pg::Params::of(pipeline, relation, array);
  co_await a.query("select penstock.request_keys($1, $2, $3)", params);
}

// A key that is on its way, or is gone from B by now, is asked for in vain and does no harm.
Task<std::int64_t> request_extra_rows(pg::Connection& a, pg::Connection& b, const std::string& pipeline,
                                      const PipelineSpec::Table& table) {
  TableComparison comparison(a, b);
  co_await comparison.begin(table, table.key);
  std::int64_t extra = 0;
  while (true) {
    const std::vector<Suspect> suspects = co_await comparison.next();
    if (suspects.empty()) break;
    std::vector<std::string> keys;
    for (const auto& suspect : suspects) {
      if (!suspect.on_a) keys.push_back(suspect.key);
    }
    co_await request_rows(a, pipeline, table.relation, keys);
    extra += std::ssize(keys);
  }
  co_await comparison.end();
  co_return extra;
}

Task<void> request_table(pg::Connection& a, pg::Connection& b, const std::string& pipeline,
                         const PipelineSpec::Table& table) {
  // Before the copy begins to fill it.
  const pg::Result filled = co_await b.query(fmt::format("select exists (select from {})", table.target));
  const pg::Params which = pg::Params::of(pipeline, table.relation);
  co_await a.query("select penstock.request_table($1, $2, null)", which);
  if (table.key.empty()) {
    log::info("backfill: {} has no key: B's is emptied and copied anew", table.relation);
    co_return;
  }
  if (!filled.boolean(0, 0)) {
    log::info("backfill: {} is copied; its target is empty", table.relation);
    co_return;
  }
  const std::int64_t extra = co_await request_extra_rows(a, b, pipeline, table);
  log::info("backfill: {} is copied again; {} keys are on B alone", table.relation, extra);
}

Task<bool> backfill(const Config& config, const BackfillOptions& options) {
  pg::Connection a = co_await pg::Connection::connect({config.source.dsn, "A"});
  pg::Connection b = co_await pg::Connection::connect({config.target.dsn, "B"});
  const PipelineSpec spec = co_await load_spec(config, b);
  const PipelineSpec::Table& table = table_named(spec, options.table);
  co_await a.script(sql::common::verify_session);
  co_await b.script(sql::common::verify_session);
  if (options.where && table.key.empty()) {
    throw Failure(ErrorKind::usage, table.relation + " has no key, so no part of it can be copied: leave --where out");
  }
  if (options.where) {
    const std::int64_t rows = co_await request_where(a, spec.pipeline, table.relation, *options.where);
    log::info("backfill: {} rows of {} are copied again", rows, table.relation);
  } else {
    co_await request_table(a, b, spec.pipeline, table);
  }
  if (!options.wait) co_return true;
  const bool there = co_await wait_until_there(a, b, config, table.relation);
  if (!there) {
    log::warn("backfill: nothing moved for {} s; the request stays, and `penstock run` will take it up",
              kPatience.count());
  }
  co_return there;
}

}  // namespace penstock::ops
