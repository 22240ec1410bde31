#include "harness/runs.hpp"

#include <algorithm>
#include <chrono>
#include <random>
#include <thread>

#include <spdlog/fmt/fmt.h>

namespace penstock::bench {
namespace {

using namespace std::chrono_literals;
using SteadyClock = std::chrono::steady_clock;

constexpr auto kPoll = 20ms;
constexpr double kLost_s = 3;
constexpr double kResumed_s = 120;  // it may have fallen behind in its last turn

double seconds_since(SteadyClock::time_point begin) {
  return std::chrono::duration<double>(SteadyClock::now() - begin).count();
}

// What the rows waited for, in the order of the arrivals.
void add_percentiles(LatencyRun& run, const std::vector<Arrival>& arrivals,
                     const std::unordered_map<std::int64_t, double>& on_a,
                     const std::unordered_map<std::int64_t, double>& on_b) {
  std::vector<double> from_schedule;
  for (const Arrival& arrival : arrivals) {
    const double arrived = on_b.at(arrival.emp_id);
    run.milliseconds.push_back(arrived - on_a.at(arrival.emp_id));
    from_schedule.push_back(arrived - arrival.scheduled_ms);
  }
  run.commit_to_commit = percentiles_of(run.milliseconds);
  run.scheduled_to_commit = percentiles_of(std::move(from_schedule));
}

}  // namespace

Arrived wait_for_rows(const Rival& rival, Side& a, Side& b, IdRange ids, double seconds) {
  const auto begin = SteadyClock::now();
  const std::int64_t wanted = count_of(a, ids);
  std::int64_t found = 0;
  auto last_progress = begin;
  while (true) {
    const std::int64_t now = count_of(b, ids);
    if (now == wanted) return Arrived::all;
    if (now != found) last_progress = SteadyClock::now();
    found = now;
    if (rival.may_lose() && seconds_since(last_progress) > kLost_s) return Arrived::lost;
    if (seconds_since(begin) > seconds) return Arrived::late;
    std::this_thread::sleep_for(kPoll);
  }
}

void expect_equal(const std::string& rival, Side& a, Side& b, IdRange ids) {
  const std::string on_a = fingerprint(a, ids), on_b = fingerprint(b, ids);
  if (on_a == on_b) return;
  throw Unequal(rival + ": A and B differ (rows/hash " + on_a + " on A, " + on_b + " on B): NO FIGURE");
}

void await_row(Rival& rival, double seconds) {
  Side a = rival.side_a(), b = rival.side_b();
  Employee employee = make_employee(0);
  employee.emp_id = a.session.number(sql_file("insert_employee", a.tables.front()), params_of(employee));
  rival.committed(employee);
  if (wait_for_rows(rival, a, b, {employee.emp_id, employee.emp_id}, seconds) != Arrived::all) {
    throw std::runtime_error(rival.name() + " does not copy a row");
  }
}

LatencyRun measure_latency(Rival& rival, const OpenLoop& load, const Field* field, const Tables& tables,
                           const Enough& enough) {
  Side a = rival.side_a(tables), b = rival.side_b(tables);
  const std::string before = wal_position(b);
  std::map<std::string, double> cpu;
  if (field != nullptr) cpu = field->cpu_seconds(rival);
  const Written written = write_open_loop(
      rival.place().dsn_a, a.tables, load, [&](const Employee& row) { rival.committed(row); }, enough);
  const auto& arrivals = written.arrivals;
  LatencyRun run;
  run.changes = arrivals.size();
  run.written_late_s = written.late_s();
  run.seconds = enough ? written.seconds() : std::max(load.seconds, written.seconds());
  run.written_per_second = static_cast<double>(arrivals.size()) / run.seconds;
  const IdRange ids = ids_of(arrivals);
  run.arrived = wait_for_rows(rival, a, b, ids, kKeepsUp_s);
  if (field != nullptr) run.cpu_s = difference(cpu, field->cpu_seconds(rival));
  if (run.arrived == Arrived::lost) run.lost = count_of(a, ids) - count_of(b, ids);
  if (run.arrived != Arrived::all) return run;
  expect_equal(rival.name(), a, b, ids);
  add_percentiles(run, arrivals, commit_times(a, ids, CommitClock::transaction, ""),
                  commit_times(b, ids, rival.clock(), before));
  return run;
}

std::string to_line(const LatencyRun& run) {
  if (run.arrived == Arrived::late) return "does not keep up";
  if (run.arrived == Arrived::lost) return fmt::format("LOST {} of {} rows: no figure", run.lost, run.changes);
  return to_line(*run.commit_to_commit);
}

void add_to(JsonObject& json, const LatencyRun& run) {
  json.set("changes", run.changes)
      .set("written_late_s", run.written_late_s)
      .set("written_per_second", run.written_per_second);
  json.set("keeps_up", run.arrived != Arrived::late).set("lost", run.lost);
  if (run.commit_to_commit) json.set("equal", true).set("commit_to_commit", to_json(*run.commit_to_commit));
  if (run.scheduled_to_commit) json.set("scheduled_to_commit", to_json(*run.scheduled_to_commit));
  add_to(json, run.cpu_s);
}

void add_to(JsonObject& json, const std::map<std::string, double>& cpu_s) {
  JsonObject cpu;
  for (const auto& [who, seconds] : cpu_s) cpu.set(who, seconds);
  json.set("cpu_s", cpu);
}

void begin_turn(Rival& rival) {
  rival.resume();
  await_row(rival, kResumed_s);
}

void in_rounds(const Field& field, RivalList rivals, int repetitions,
               const std::function<bool(Rival&, int repetition)>& measure) {
  std::mt19937_64 random(field.setup().seed);
  for (int repetition = 1; repetition <= repetitions; ++repetition) {
    std::shuffle(rivals.begin(), rivals.end(), random);
    for (auto rival = rivals.begin(); rival != rivals.end();) {
      const bool again = measure(**rival, repetition);
      (*rival)->pause();
      rival = again ? rival + 1 : rivals.erase(rival);
    }
  }
}

}  // namespace penstock::bench
