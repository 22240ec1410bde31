// backfill: a table of A that is copied again while it is written, beside pg_dump | psql of the same table.
#include <algorithm>
#include <array>
#include <future>
#include <iostream>
#include <limits>
#include <optional>
#include <random>
#include <thread>

#include <spdlog/fmt/fmt.h>

#include "harness/cpu_clock.hpp"
#include "harness/results.hpp"
#include "harness/runs.hpp"
#include "rivals/penstock.hpp"
#include "workloads/workload.hpp"

namespace penstock::bench {
namespace {

using namespace std::chrono_literals;
using SteadyClock = std::chrono::steady_clock;

constexpr std::int64_t kRows = 5'000'000, kQuickRows = 100'000;
constexpr int kRepetitions = 1;
constexpr OpenLoop kBeside{.rate = 200, .seconds = 600, .writers = 8};  // ends before: when all is copied
constexpr auto kPatience = 600s;
constexpr IdRange kAll{0, std::numeric_limits<std::int32_t>::max()};
// The single changes have lower keys than the rows that are copied. Copies go along the key: once they are at these
// rows none comes back to a single change, whose commit on B is then its own.
constexpr std::int64_t kFirstCopied = 1'000'000'000;
constexpr const char* kCopyHasBegun = "select count(*) from (select from employee where emp_id >= $1 limit 1) as one";

double seconds_since(SteadyClock::time_point begin) {
  return std::chrono::duration<double>(SteadyClock::now() - begin).count();
}

class Backfill {
 public:
  Backfill(const Field& field, Results& results, std::int64_t rows);

  void measure(const std::string& way, int repetition);

 private:
  void load(std::int64_t rows);
  double dump() const;
  double copy(JsonObject& json, std::uint64_t seed);
  Percentiles write_while(const std::future<double>& copying, const OpenLoop& load);

  const Setup& setup_;
  Results& results_;
  Scratch scratch_;  // outlives the replicator
  std::string dumped_;
  std::optional<Penstock> penstock_;
};

Backfill::Backfill(const Field& field, Results& results, std::int64_t rows)
    : setup_(field.setup()), results_(results), scratch_(setup_.kafka, "_backfill") {
  dumped_ = scratch_.make_database(setup_.b, "dumped");
  Session(dumped_).run(sql_file("employee"));
  // What is there already is copied when it is asked for.
  penstock_.emplace(scratch_.make_place(setup_.a, setup_.b, "copied"), setup_.penstock,
                    PenstockSettings{.snapshot = "never"});
  load(rows);
  penstock_->start();
  await_row(*penstock_, 60);
}

void Backfill::load(std::int64_t rows) {
  Session a(penstock_->place().dsn_a);
  const std::string next_id = "select setval('employee_emp_id_seq', $1, false)";
  a.rows(next_id, pg::Params::of(kFirstCopied));
  a.rows(sql_file("bulk_insert"), pg::Params::of(rows));
  a.rows(next_id, pg::Params::of(std::int64_t{1}));
  a.run("vacuum analyze employee");
}

void Backfill::measure(const std::string& way, int repetition) {
  JsonObject json;
  json.set("way", way).set("repetition", repetition);
  try {
    Side a = penstock_->side_a(), b = way == "dump" ? Side{Session(dumped_), {"employee"}} : penstock_->side_b();
    b.session.run("truncate employee");
    a.session.run("checkpoint");
    b.session.run("checkpoint");
    const std::int64_t rows = count_of(a, kAll);
    const double seconds = way == "dump" ? dump() : copy(json, setup_.seed + static_cast<std::uint64_t>(repetition));
    expect_equal(way, a, b, kAll);
    const double rate = static_cast<double>(rows) / seconds;
    json.set("rows", rows).set("seconds", seconds).set("rows_per_second", rate).set("equal", true);
    results_.add(json);
    std::cout << fmt::format("{:<9} {} rows in {:.1f} s, {:.0f} rows/s\n", way, rows, seconds, rate) << std::flush;
  } catch (const std::exception& error) {
    results_.refuse(json, error.what());
  }
}

// Nobody writes meanwhile.
double Backfill::dump() const {
  const std::string log = scratch_.directory() + "/dump.log";
  const auto begin = SteadyClock::now();
  test::Process process({"bash", "-c",
                         "set -o pipefail; pg_dump --data-only --table=public.employee \"$0\" | "
                         "psql --quiet --no-psqlrc --set=ON_ERROR_STOP=1 \"$1\"",
                         penstock_->place().dsn_a, dumped_},
                        log, log);
  if (process.wait(kPatience) != 0) throw std::runtime_error("pg_dump | psql: " + test::read_file(log));
  return seconds_since(begin);
}

double Backfill::copy(JsonObject& json, std::uint64_t seed) {
  OpenLoop load = kBeside;
  load.seed = seed;
  const pid_t replicator = penstock_->processes().at(0);
  forget_peak(replicator);
  const double cpu = cpu_seconds(replicator);
  const auto begin = SteadyClock::now();
  std::future<double> copying = std::async(std::launch::async, [&] {
    test::Process process = penstock_->command({"backfill", "public.employee"});
    penstock_->expect_done(process, "backfill", kPatience);
    return seconds_since(begin);
  });
  const Percentiles beside = write_while(copying, load);
  json.set("own_cpu_s", cpu_seconds(replicator) - cpu).set("peak_memory_mb", peak_memory_mb(replicator));
  json.set("beside_rate", load.rate).set("beside", to_json(beside));
  std::cout << "single changes beside it: " << to_line(beside) << "\n";
  return copying.get();
}

// The single changes, as long as the copy goes on.
Percentiles Backfill::write_while(const std::future<double>& copying, const OpenLoop& load) {
  const auto copied = [&] { return copying.wait_for(0s) == std::future_status::ready; };
  Session b(penstock_->place().dsn_b);
  while (!copied() && b.number(kCopyHasBegun, pg::Params::of(kFirstCopied)) == 0) std::this_thread::sleep_for(5ms);
  const LatencyRun run = measure_latency(*penstock_, load, nullptr, {}, copied);
  if (run.arrived != Arrived::all) throw std::runtime_error("single changes do not get through beside the backfill");
  return *run.commit_to_commit;
}

}  // namespace

void measure_backfill(Field& field) {
  field.retire_all();  // the others would be at rest on the same processors
  Results results(field, "backfill");
  Backfill backfill(field, results, field.setup().quick ? kQuickRows : kRows);
  std::array<const char*, 2> ways{"backfill", "dump"};
  std::mt19937_64 random(field.setup().seed);
  for (int repetition = 1; repetition <= field.repetitions(field.setup().quick ? 1 : kRepetitions); ++repetition) {
    std::shuffle(ways.begin(), ways.end(), random);
    for (const char* way : ways) backfill.measure(way, repetition);
  }
  results.save();
}

}  // namespace penstock::bench
