// bench/run latency: single-row inserts into A at a given rate (open loop, Poisson arrivals), and how long each took to
// be committed on B. Both databases keep commit timestamps (track_commit_timestamp = on) and share one clock, so
// nothing is added to the tables: the row's commit time is looked up by its xmin afterwards.
//
// Two series: from the scheduled time (what a user waits, a late writer included) and from A's commit to B's commit.
#include <fstream>
#include <iostream>
#include <random>
#include <unordered_map>

#include <spdlog/fmt/fmt.h>
#include <CLI/CLI.hpp>

#include "base/task.hpp"
#include "percentiles.hpp"
#include "pg/connection.hpp"

namespace penstock::bench {
namespace {

using Clock = std::chrono::system_clock;
using Milliseconds = std::chrono::duration<double, std::milli>;

struct Options {
  std::string source, target, json;
  std::string source_table = "public.employee_a", target_table = "public.employee_b";
  double rate = 200;
  int seconds = 10;
  int writers = 8;
  unsigned seed = 1;
};

struct Arrival {
  Clock::time_point scheduled;
  std::int64_t emp_id = 0;
};

// Poisson arrivals: exponential gaps, so that the rate is what the writers get whether or not the line keeps up.
std::vector<Arrival> schedule(const Options& options) {
  std::mt19937_64 random(options.seed);
  std::exponential_distribution<double> gap(options.rate);
  std::vector<Arrival> arrivals;
  const auto begin = Clock::now() + std::chrono::milliseconds(200);
  double at = gap(random);
  while (at < options.seconds) {
    arrivals.push_back({begin + std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(at))});
    at += gap(random);
  }
  return arrivals;
}

Task<void> write(const Options& options, std::vector<Arrival>& arrivals, std::size_t& next) {
  pg::Connection a = co_await pg::Connection::connect({options.source, "A"});
  co_await a.prepare(
      "insert", "insert into " + options.source_table +
                    " (first_name, last_name, dob, city, salary) "
                    "values ('Bench', $1, date '2010-01-01' + $2::int, 'Perth', 20000 + $2::int) returning emp_id");
  asio::system_timer timer(co_await asio::this_coro::executor);
  while (next < arrivals.size()) {
    const std::size_t i = next++;
    timer.expires_at(arrivals[i].scheduled);
    co_await timer.async_wait(asio::use_awaitable);
    const auto number = static_cast<std::int64_t>(i % 1'000);
    const pg::Result row = co_await a.execute("insert", pg::Params().add(fmt::format("Run {}", i)).add(number));
    arrivals[i].emp_id = row.int64(0, 0);
  }
}

// The commit times of the rows in the id range, in milliseconds since 1970.
Task<std::unordered_map<std::int64_t, double>> commit_times(pg::Connection& database, const std::string& table,
                                                            std::int64_t low, std::int64_t high) {
  const pg::Result rows =
      co_await database.query("select emp_id, extract(epoch from pg_xact_commit_timestamp(xmin)) * 1000 from " + table +
                                  " where emp_id between $1 and $2",
                              pg::Params().add(low).add(high));
  std::unordered_map<std::int64_t, double> times;
  for (int row = 0; row < rows.rows(); ++row) times[rows.int64(row, 0)] = std::stod(std::string(rows.text(row, 1)));
  co_return times;
}

// Number of rows and a hash of their contents: equal on both sides, or the run has no figure.
Task<std::string> fingerprint(pg::Connection& database, const std::string& table, std::int64_t low, std::int64_t high) {
  const pg::Result row = co_await database.query(
      "select count(*) || '/' || coalesce(sum(hashtextextended(row(emp_id, first_name, last_name, dob, city, "
      "salary)::text, 0)), 0) "
      "from " +
          table + " where emp_id between $1 and $2",
      pg::Params().add(low).add(high));
  co_return std::string(row.text(0, 0));
}

Task<bool> wait_until_equal(pg::Connection& a, pg::Connection& b, const Options& options, std::int64_t low,
                            std::int64_t high) {
  const std::string wanted = co_await fingerprint(a, options.source_table, low, high);
  for (int tries = 0; tries < 300; ++tries) {
    const std::string found = co_await fingerprint(b, options.target_table, low, high);
    if (found == wanted) co_return true;
    co_await sleep_for(std::chrono::milliseconds(100));
  }
  co_return false;
}

struct Series {
  std::vector<double> from_schedule, from_commit;
};

Task<Series> measure(const Options& options, const std::vector<Arrival>& arrivals) {
  const auto [low, high] = std::minmax_element(arrivals.begin(), arrivals.end(),
                                               [](const auto& x, const auto& y) { return x.emp_id < y.emp_id; });
  pg::Connection a = co_await pg::Connection::connect({options.source, "A"});
  pg::Connection b = co_await pg::Connection::connect({options.target, "B"});
  const bool equal = co_await wait_until_equal(a, b, options, low->emp_id, high->emp_id);
  if (!equal) throw Failure(ErrorKind::data, "A and B still differ 30 s after the last insert: no figure");
  const auto on_a = co_await commit_times(a, options.source_table, low->emp_id, high->emp_id);
  const auto on_b = co_await commit_times(b, options.target_table, low->emp_id, high->emp_id);
  Series series;
  for (const Arrival& arrival : arrivals) {
    const double scheduled = Milliseconds(arrival.scheduled.time_since_epoch()).count();
    series.from_schedule.push_back(on_b.at(arrival.emp_id) - scheduled);
    series.from_commit.push_back(on_b.at(arrival.emp_id) - on_a.at(arrival.emp_id));
  }
  co_return series;
}

void report(const Options& options, const Series& series) {
  const auto from_schedule = percentiles_of(series.from_schedule);
  const auto from_commit = percentiles_of(series.from_commit);
  std::cout << fmt::format("{} inserts/s for {} s from {} connections, A = B afterwards\n", options.rate,
                           options.seconds, options.writers)
            << "commit on A -> commit on B:    " << to_line(from_commit) << "\n"
            << "scheduled   -> commit on B:    " << to_line(from_schedule) << "\n"
            << "commit on A -> commit on B\n"
            << histogram_of(series.from_commit);
  if (options.json.empty()) return;
  std::ofstream(options.json)
      << fmt::format(
             R"({{"rate":{},"seconds":{},"writers":{},"equal":true,"commit_to_commit":{},"scheduled_to_commit":{}}})",
             options.rate, options.seconds, options.writers, to_json(from_commit), to_json(from_schedule))
      << "\n";
}

Task<void> run(const Options& options) {
  auto arrivals = schedule(options);
  std::size_t next = 0;
  auto executor = co_await asio::this_coro::executor;
  int running = options.writers;
  std::exception_ptr failed;
  asio::steady_timer all_done(executor, asio::steady_timer::time_point::max());
  for (int i = 0; i < options.writers; ++i) {
    asio::co_spawn(executor, write(options, arrivals, next), [&](std::exception_ptr error) {
      if (error) failed = error;
      if (--running == 0) all_done.cancel();
    });
  }
  co_await all_done.async_wait(asio::as_tuple(asio::use_awaitable));
  if (failed) std::rethrow_exception(failed);
  const Series series = co_await measure(options, arrivals);
  report(options, series);
}

}  // namespace
}  // namespace penstock::bench

int main(int argc, char** argv) {
  penstock::bench::Options options;
  CLI::App app("Latency from A to B at a given rate of single-row inserts");
  app.add_option("--source", options.source, "connection string of A")->required();
  app.add_option("--target", options.target, "connection string of B")->required();
  app.add_option("--source-table", options.source_table, "an employees table on A");
  app.add_option("--target-table", options.target_table, "its copy on B");
  app.add_option("--rate", options.rate, "inserts a second")->check(CLI::Range(0.1, 100'000.0));
  app.add_option("--seconds", options.seconds, "how long")->check(CLI::Range(1, 3'600));
  app.add_option("--writers", options.writers, "connections to A")->check(CLI::Range(1, 100));
  app.add_option("--seed", options.seed, "of the arrivals");
  app.add_option("--json", options.json, "also write the figures to this file");
  CLI11_PARSE(app, argc, argv);

  penstock::asio::io_context io;
  std::exception_ptr failed;
  penstock::asio::co_spawn(io, penstock::bench::run(options), [&](std::exception_ptr error) { failed = error; });
  io.run();
  try {
    if (failed) std::rethrow_exception(failed);
  } catch (const std::exception& error) {
    std::cerr << "bench latency: " << error.what() << "\n";
    return 1;
  }
  return 0;
}
