#include "harness/runs.hpp"

#include <algorithm>
#include <chrono>
#include <random>
#include <thread>

namespace penstock::bench {
namespace {

using namespace std::chrono_literals;
using SteadyClock = std::chrono::steady_clock;

constexpr auto kPoll = 20ms;

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

bool wait_for_rows(Side& a, Side& b, IdRange ids, double seconds) {
  const auto begin = SteadyClock::now();
  const std::int64_t wanted = count_of(a, ids);
  while (count_of(b, ids) != wanted) {
    if (seconds_since(begin) > seconds) return false;
    std::this_thread::sleep_for(kPoll);
  }
  return true;
}

void expect_equal(const std::string& rival, Side& a, Side& b, IdRange ids) {
  const std::string on_a = fingerprint(a, ids), on_b = fingerprint(b, ids);
  if (on_a == on_b) return;
  throw Unequal(rival + ": A and B differ (rows/hash " + on_a + " on A, " + on_b + " on B): NO FIGURE");
}

void await_first_row(Rival& rival, double seconds) {
  Side a = rival.side_a(), b = rival.side_b();
  Employee employee = make_employee(0);
  employee.emp_id = a.session.number(sql_file("insert_employee", a.table), params_of(employee));
  rival.committed(employee);
  if (!wait_for_rows(a, b, {employee.emp_id, employee.emp_id}, seconds)) {
    throw std::runtime_error(rival.name() + " did not copy its first row");
  }
}

LatencyRun measure_latency(Rival& rival, const OpenLoop& load, const Field* field) {
  Side a = rival.side_a(), b = rival.side_b();
  const std::string before = wal_position(b);
  std::map<std::string, double> cpu;
  if (field != nullptr) cpu = field->cpu_seconds(rival);
  const auto begin = SteadyClock::now();
  const auto arrivals =
      write_open_loop(rival.place().dsn_a, a.table, load, [&](const Employee& row) { rival.committed(row); });
  LatencyRun run;
  run.changes = arrivals.size();
  run.written_per_second = static_cast<double>(arrivals.size()) / std::max(load.seconds, seconds_since(begin) - 0.1);
  const IdRange ids = ids_of(arrivals);
  run.keeps_up = wait_for_rows(a, b, ids, kKeepsUp_s);
  if (field != nullptr) run.cpu_s = difference(cpu, field->cpu_seconds(rival));
  if (!run.keeps_up) return run;
  expect_equal(rival.name(), a, b, ids);
  add_percentiles(run, arrivals, commit_times(a, ids, CommitClock::transaction, ""),
                  commit_times(b, ids, rival.clock(), before));
  return run;
}

void write(JsonObject& json, const LatencyRun& run) {
  json.set("changes", run.changes).set("written_per_second", run.written_per_second).set("keeps_up", run.keeps_up);
  if (run.commit_to_commit) json.set("equal", true).set("commit_to_commit", to_json(*run.commit_to_commit));
  if (run.scheduled_to_commit) json.set("scheduled_to_commit", to_json(*run.scheduled_to_commit));
  JsonObject cpu;
  for (const auto& [who, seconds] : run.cpu_s) cpu.set(who, seconds);
  json.set("cpu_s", cpu);
}

void in_rounds(const Field& field, RivalList rivals, int repetitions,
               const std::function<bool(Rival&, int repetition)>& measure) {
  std::mt19937_64 random(field.setup().seed);
  for (int repetition = 1; repetition <= repetitions; ++repetition) {
    std::shuffle(rivals.begin(), rivals.end(), random);
    for (auto rival = rivals.begin(); rival != rivals.end();) {
      (*rival)->resume();
      const bool again = measure(**rival, repetition);
      (*rival)->pause();
      rival = again ? rival + 1 : rivals.erase(rival);
    }
  }
}

}  // namespace penstock::bench
