#include "workloads/scale_backlog.hpp"

#include <chrono>
#include <iostream>
#include <thread>

#include <spdlog/fmt/fmt.h>

#include "workloads/scale_run.hpp"

namespace penstock::bench {
namespace {

using SteadyClock = std::chrono::steady_clock;

constexpr std::int64_t kStatementRows = 500'000;

// Looks at the table on B every so often, until it is destroyed.
class ProgressWatch {
 public:
  explicit ProgressWatch(const std::string& dsn)
      : session_(dsn), thread_([this](const std::stop_token& stop) { watch(stop); }) {}

  // [[second, rows], …] from the start on; rows: of so many in the whole table.
  std::string finish(std::int64_t rows) {
    thread_.request_stop();
    thread_.join();
    const double whole = samples_.empty() ? 1 : static_cast<double>(samples_.back().second);
    std::string json;
    for (const auto& [seconds, bytes] : samples_) {
      json += fmt::format("{}[{:.2f},{:.0f}]", json.empty() ? "" : ",", seconds,
                          static_cast<double>(bytes) / whole * static_cast<double>(rows));
    }
    return "[" + json + "]";
  }

 private:
  void watch(const std::stop_token& stop) {
    const auto begin = SteadyClock::now();
    for (auto next = begin; !stop.stop_requested(); next += std::chrono::milliseconds(500)) {
      std::this_thread::sleep_until(next);
      const std::int64_t bytes = session_.number(sql_file("scale/progress"));
      samples_.emplace_back(std::chrono::duration<double>(SteadyClock::now() - begin).count(), bytes);
    }
  }

  Session session_;
  std::vector<std::pair<double, std::int64_t>> samples_;
  std::jthread thread_;  // the last member: it uses the others
};

void measure(const Field& field, Results& results, ScaleLine& line, std::int64_t rows, JsonObject json) {
  begin_turn(line);
  empty_tables(line);
  line.pause();
  const std::int64_t statement_rows = std::min(rows, kStatementRows);
  const auto begin = SteadyClock::now();
  write_transactions(line.place().dsn_a, {"employee"}, {statement_rows, rows / statement_rows, 1});
  json.set("written_s", std::chrono::duration<double>(SteadyClock::now() - begin).count());
  json.set("journal_mb", static_cast<double>(line.side_a().session.number(sql_file("scale/journal_bytes"))) / 1e6);
  std::cout << fmt::format("{} changes wait in the journal\n", rows) << std::flush;
  line.resume();
  ProgressWatch watch(line.place().dsn_b);
  const BulkRun run = run_copy(field, line, {"employee"}, {.operation = "insert", .rows = rows}, [] {});
  json.raw("progress", watch.finish(rows));
  add_run(results, json, "of a backlog", run);
}

}  // namespace

void measure_backlog(const Field& field, Results& results, std::int64_t rows) {
  JsonObject json;
  json.set("curve", "backlog").set("repetition", 1);
  Scratch scratch(field.setup().kafka, "_backlog");
  const auto line = make_line(field.setup(), scratch, {});
  try {
    measure(field, results, *line, rows, json);
  } catch (const std::exception& error) {
    results.refuse(json, std::string("backlog: ") + error.what());
  }
  line->stop();
}

}  // namespace penstock::bench
