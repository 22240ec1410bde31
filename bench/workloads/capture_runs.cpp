#include "workloads/capture_runs.hpp"

#include <algorithm>
#include <chrono>
#include <iostream>

#include <spdlog/fmt/fmt.h>

#include "harness/pgbench.hpp"

namespace penstock::bench {
namespace {

using SteadyClock = std::chrono::steady_clock;

constexpr std::int64_t kBulkRows = 200'000, kQuickBulkRows = 40'000;
const Names kPgbenchTables{"pgbench_accounts", "pgbench_tellers", "pgbench_branches", "pgbench_history"};
const std::vector<std::pair<std::string, std::string>> kBulkStatements{
    {"insert", "insert into employee select * from staged limit $1"},
    {"update", "update employee set salary = salary + 1"},
    {"delete", "delete from employee"},
};

double median_of(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

std::string wal_position(Session& session) { return session.value("select pg_current_wal_insert_lsn()"); }

std::int64_t wal_bytes_since(Session& session, const std::string& position) {
  return session.number("select pg_wal_lsn_diff(pg_current_wal_insert_lsn(), $1)::bigint", pg::Params::of(position));
}

}  // namespace

std::int64_t CaptureRuns::log_bytes(const std::string& way) const {
  // The replicator empties its journal meanwhile, and logical decoding has none.
  if (way == "logical" || way == "beside") return 0;
  return Session(place_.dsn(way)).number("select log_bytes($1)", pg::Params::of(way));
}

void CaptureRuns::measure(const CapturePoint& point, int repetition) {
  if (point.workload == "bulk") return run_bulk(point, repetition);
  run_pgbench_point(point, repetition);
}

void CaptureRuns::run_pgbench_point(const CapturePoint& point, int repetition) {
  const bool tpcb = point.workload == "tpcb";
  const Names tables = tpcb ? kPgbenchTables : Names{"item"};
  Session session(place_.dsn(point.way));
  if (tpcb) session.run("truncate pgbench_history");
  place_.begin(point.way, tables);
  const std::string begin = wal_position(session);
  const PgbenchRun run =
      run_pgbench({.dsn = place_.dsn(point.way),
                   .script = {tpcb ? "--builtin=tpcb-like" : "--file=" PENSTOCK_BENCH_SQL "/capture/update_item.sql"},
                   .clients = point.clients,
                   .seconds = quick_ ? 1 : 2},
                  place_.directory());
  JsonObject json;
  json.set("workload", point.workload).set("way", point.way).set("clients", point.clients);
  json.set("repetition", repetition).set("changes", run.transactions * (tpcb ? 4 : 1));
  json.set("wal_bytes", wal_bytes_since(session, begin)).set("log_bytes", log_bytes(point.way));
  write(json, run);
  place_.end(point.way, tables);
  results_.add(json);
  measured_[{point.workload, point.clients, point.way}][repetition] = run.tps;
  std::cout << fmt::format("{} {:>2} clients  {:<18} {:>7.0f}/s  {}\n", point.workload, point.clients, point.way,
                           run.tps, to_line(run.latency))
            << std::flush;
}

void CaptureRuns::run_bulk(const CapturePoint& point, int repetition) {
  Session session(place_.dsn(point.way));
  session.run("truncate employee");
  place_.begin(point.way, {"employee"});
  std::int64_t written_before = 0;
  const std::int64_t rows = quick_ ? kQuickBulkRows : kBulkRows;
  for (const auto& [name, statement] : kBulkStatements) {
    const std::string begin = wal_position(session);
    const auto started = SteadyClock::now();
    if (name == "insert") {
      session.rows(statement, pg::Params::of(rows));
    } else {
      session.run(statement);
    }
    const double seconds = std::chrono::duration<double>(SteadyClock::now() - started).count();
    const std::int64_t written = log_bytes(point.way);
    JsonObject json;
    json.set("workload", "bulk_" + name).set("way", point.way).set("clients", 1).set("repetition", repetition);
    json.set("changes", rows).set("seconds", seconds).set("wal_bytes", wal_bytes_since(session, begin));
    json.set("log_bytes", written - written_before);
    results_.add(json);
    written_before = written;
    measured_[{"bulk_" + name, 1, point.way}][repetition] = seconds;
    std::cout << fmt::format("{} of {} rows  {:<18} {:>6.2f} s\n", name, rows, point.way, seconds) << std::flush;
  }
  place_.end(point.way, {"employee"});
}

void CaptureRuns::print(const Key& key, const std::map<int, double>& values) const {
  const auto& [workload, clients, way] = key;
  // What a reader beside costs is compared with capture alone, all else with no capture.
  const std::string base = way == "beside" ? "penstock" : "bare";
  std::vector<double> all, ratios;
  for (const auto& [repetition, value] : values) {
    all.push_back(value);
    const auto found = measured_.find({workload, clients, base});
    if (found == measured_.end() || !found->second.contains(repetition)) continue;
    ratios.push_back(value / found->second.at(repetition));
  }
  std::cout << fmt::format("{:<12} {:>2} clients  {:<18} {:>9.4g}", workload, clients, way, median_of(all));
  if (!ratios.empty()) {
    const auto [low, high] = std::minmax_element(ratios.begin(), ratios.end());
    std::cout << fmt::format("  {:.2f} x {} ({:.2f} to {:.2f})", median_of(ratios), base, *low, *high);
  }
  std::cout << "\n";
}

void CaptureRuns::print() const {
  std::cout << "median, beside the same repetition of what it is compared with: transactions a second, or seconds\n";
  for (const auto& [key, values] : measured_) print(key, values);
  std::cout << std::flush;
}

}  // namespace penstock::bench
