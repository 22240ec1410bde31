#include "workloads/scale_run.hpp"

#include <atomic>
#include <chrono>
#include <future>
#include <iostream>
#include <limits>
#include <map>
#include <thread>

#include <spdlog/fmt/fmt.h>

#include "harness/cpu_clock.hpp"

namespace penstock::bench {
namespace {

using namespace std::chrono_literals;

constexpr IdRange kAll{0, std::numeric_limits<std::int32_t>::max()};
constexpr auto kPoll = 20ms;
constexpr double kPatience_s = 60, kSlowest = 20'000;  // it may take so long, and as long as so many rows a second do
constexpr int kQuietPolls = 10;                        // in which B wrote nothing: what was on its way is there

double now_ms() {
  return std::chrono::duration<double, std::milli>(std::chrono::system_clock::now().time_since_epoch()).count();
}

// What comes in any order shows by no row that it is all there. Comparing everything again and again would cost B what
// is measured, so it is asked for the newest ids, and then until it has fallen silent. False: not in time.
bool await_silence(Side& a, Side& b, double deadline_ms) {
  const auto newest = [](Side& side) {
    std::string all;
    for (const auto& table : side.tables) {
      all += side.session.value("select coalesce(max(emp_id), 0) from " + table) + " ";
    }
    return all;
  };
  const std::string wanted = newest(a);
  while (newest(b) != wanted) {
    if (now_ms() > deadline_ms) return false;
    std::this_thread::sleep_for(kPoll);
  }
  std::string position;
  for (int quiet = 0; quiet < kQuietPolls;) {
    const std::string now = b.session.value("select pg_current_wal_insert_lsn()");
    quiet = now == position ? quiet + 1 : 0;
    position = now;
    std::this_thread::sleep_for(kPoll);
    if (now_ms() > deadline_ms) return false;
  }
  return true;
}

double last_commit_ms(Side& b) {
  double last = 0;
  for (const auto& table : b.tables) {
    const std::string one = b.session.value(sql_file("last_commit", table));
    if (!one.empty()) last = std::max(last, std::stod(one));
  }
  return last;
}

void measure_turn(Results& results, ScalePoint& point, JsonObject json) {
  try {
    begin_turn(*point.line);
    point.measure(*point.line, json);
  } catch (const std::exception& error) {
    results.refuse(json, point.name + ": " + error.what());
  }
}

}  // namespace

std::unique_ptr<ScaleLine> make_line(const Setup& setup, Scratch& scratch, const PenstockSettings& settings,
                                     const std::string& script) {
  const Place place = scratch.make_place(setup.a, setup.b, "scale");
  for (const std::string& dsn : {place.dsn_a, place.dsn_b}) Session(dsn).run(script);
  return std::make_unique<ScaleLine>(place, setup.penstock, settings);
}

void run_curve(const Field& field, Results& results, std::vector<ScalePoint> points, int repetitions) {
  std::map<Rival*, ScalePoint*> by_line;
  RivalList lines;
  for (ScalePoint& point : points) {
    by_line[point.line.get()] = &point;
    lines.push_back(point.line.get());
  }
  in_rounds(field, lines, repetitions, [&](Rival& line, int repetition) {
    ScalePoint& point = *by_line.at(&line);
    JsonObject json = point.about;
    measure_turn(results, point, json.set("repetition", repetition));
    return true;
  });
}

BulkRun run_copy(const Field& field, Rival& rival, const Tables& tables, BulkRun run,
                 const std::function<void()>& write) {
  Side a = rival.side_a(tables), b = rival.side_b(tables);
  for (const pid_t process : rival.processes()) forget_peak(process);
  const auto cpu = field.cpu_seconds(rival);
  const double begin = now_ms();
  write();
  run.on_a_s = (now_ms() - begin) / 1'000;
  const double deadline = now_ms() + (kPatience_s + static_cast<double>(run.rows) / kSlowest) * 1'000;
  while (true) {
    run.keeps_up = await_silence(a, b, deadline);
    run.cpu_s = difference(cpu, field.cpu_seconds(rival));
    if (!run.keeps_up) return run;
    if (fingerprint(a, kAll) == fingerprint(b, kAll)) break;
    if (now_ms() > deadline) throw Unequal("penstock: A and B differ: NO FIGURE");
  }
  for (const pid_t process : rival.processes()) run.peak_memory_mb += peak_memory_mb(process);
  run.seconds = (last_commit_ms(b) - begin) / 1'000;
  return run;
}

void add_run(Results& results, JsonObject json, const std::string& name, const BulkRun& run) {
  add_to(json, run);
  results.add(json);
  std::cout << fmt::format("{} {:>8} rows  {:<28} {}\n", run.operation, run.rows, name, to_line(run)) << std::flush;
}

void write_transactions(const std::string& dsn, const Tables& tables, const Transactions& load) {
  std::atomic<std::int64_t> next = 0;
  const auto write = [&] {
    Session session(dsn);
    for (const auto& table : tables) session.prepare(table, sql_file("bulk_insert", table));
    const pg::Params rows = pg::Params::of(load.rows);
    for (auto i = next++; i < load.count; i = next++) {
      session.execute(tables[static_cast<std::size_t>(i) % tables.size()], rows);
    }
  };
  std::vector<std::future<void>> writers;
  for (int i = 0; i < load.writers; ++i) writers.push_back(std::async(std::launch::async, write));
  for (auto& writer : writers) writer.get();
}

}  // namespace penstock::bench
