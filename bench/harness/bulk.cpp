#include "harness/bulk.hpp"

#include <chrono>
#include <limits>
#include <thread>

#include <spdlog/fmt/fmt.h>

#include "harness/cpu_clock.hpp"

namespace penstock::bench {
namespace {

using namespace std::chrono_literals;

constexpr IdRange kAll{0, std::numeric_limits<std::int32_t>::max()};
constexpr auto kPoll = 5ms;
constexpr double kEmptied_s = 60;

double now_ms() {
  return std::chrono::duration<double, std::milli>(std::chrono::system_clock::now().time_since_epoch()).count();
}

// Rows arrive in the order in which they were written, or all at once: with the last one B has everything, which is
// proven afterwards. Returns when it was seen, 0: not in time.
double await_last_row(Side& a, Side& b, double seconds) {
  const std::string last = a.session.value("select employee::text from employee order by emp_id desc limit 1");
  const std::string on_b = "select employee::text from employee order by emp_id desc limit 1";
  const double deadline = now_ms() + seconds * 1'000;
  while (true) {
    const auto found = b.session.rows(on_b);
    if (!found.empty() && found[0][0] == last) return now_ms();
    if (now_ms() > deadline) return 0;
    std::this_thread::sleep_for(kPoll);
  }
}

// The slowest that is waited for is 1,000 rows a second.
double patience_s(std::int64_t rows) { return 30 + static_cast<double>(rows) / 1'000; }

}  // namespace

void empty_tables(Rival& rival) {
  Side a = rival.side_a(), b = rival.side_b();
  a.session.run("truncate employee");
  if (!rival.copies_truncate()) b.session.run("truncate employee");
  if (wait_for_rows(rival, a, b, kAll, kEmptied_s) != Arrived::all) {
    throw std::runtime_error(rival.name() + " does not empty its table");
  }
  a.session.run("checkpoint");
  b.session.run("checkpoint");
}

BulkRun run_bulk(const Field& field, Rival& rival, const std::string& operation, std::int64_t rows) {
  Side a = rival.side_a(), b = rival.side_b();
  BulkRun run;
  run.operation = operation;
  run.rows = rows;
  for (const pid_t process : rival.processes()) forget_peak(process);
  const auto cpu = field.cpu_seconds(rival);
  const double begin = now_ms();
  if (operation == "insert") {
    a.session.rows(sql_file("bulk_insert"), pg::Params::of(rows));
  } else {
    a.session.rows(sql_file("bulk_update"));
  }
  run.on_a_s = (now_ms() - begin) / 1'000;
  const double seen = await_last_row(a, b, patience_s(rows));
  run.cpu_s = difference(cpu, field.cpu_seconds(rival));
  for (const pid_t process : rival.processes()) run.peak_memory_mb += peak_memory_mb(process);
  run.keeps_up = seen > 0;
  if (!run.keeps_up) return run;
  expect_equal(rival.name(), a, b, kAll);
  // Native replication commits once and hides when: the time at which that was seen is late by kPoll at most.
  const double last = rival.clock() == CommitClock::wal ? seen : std::stod(b.session.value(sql_file("last_commit")));
  run.seconds = (last - begin) / 1'000;
  return run;
}

void add_to(JsonObject& json, const BulkRun& run) {
  json.set("operation", run.operation).set("rows", run.rows).set("keeps_up", run.keeps_up).set("on_a_s", run.on_a_s);
  if (run.keeps_up) {
    json.set("equal", true).set("seconds", run.seconds);
    json.set("rows_per_second", static_cast<double>(run.rows) / run.seconds);
  }
  json.set("peak_memory_mb", run.peak_memory_mb);
  add_to(json, run.cpu_s);
}

std::string to_line(const BulkRun& run) {
  if (!run.keeps_up) return "does not keep up";
  return fmt::format("{:>9.0f} rows/s  {:.2f} s, of which {:.2f} s on A  own processor time {:.2f} s  memory {:.0f} MB",
                     static_cast<double>(run.rows) / run.seconds, run.seconds, run.on_a_s, run.cpu_s.at("rival"),
                     run.peak_memory_mb);
}

}  // namespace penstock::bench
