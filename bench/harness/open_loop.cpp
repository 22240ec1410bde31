#include "harness/open_loop.hpp"

#include <algorithm>
#include <random>
#include <stdexcept>

#include "harness/run_tasks.hpp"
#include "pg/connection.hpp"

namespace penstock::bench {
namespace {

using Clock = std::chrono::system_clock;

constexpr auto kConnect = std::chrono::seconds(60);  // many at once, on a machine that may be busy

double milliseconds(Clock::time_point at) {
  return std::chrono::duration<double, std::milli>(at.time_since_epoch()).count();
}

// Seconds after the beginning.
std::vector<double> offsets_of(const OpenLoop& load) {
  std::mt19937_64 random(load.seed);
  std::exponential_distribution<double> gap(load.rate);
  std::vector<double> offsets;
  for (double at = gap(random); at < load.seconds; at += gap(random)) offsets.push_back(at);
  if (offsets.empty()) offsets.push_back(0);
  return offsets;
}

struct Work {
  const std::string& dsn;
  const Tables& tables;
  const std::function<void(const Employee&)>& committed;
  const Enough& enough;
  std::vector<double> offsets;
  std::vector<Arrival> arrivals;
  std::size_t next = 0;
  Clock::time_point begin;
  std::vector<pg::Connection> connections;
};

Task<void> connect(Work& work) {
  pg::ConnectOptions options(work.dsn, "bench");
  options.connect_timeout = kConnect;
  pg::Connection a = co_await pg::Connection::connect(options);
  co_await a.script("set search_path = public");  // Penstock's sessions have none
  for (const std::string& table : work.tables) {
    const std::string insert = sql_file("insert_employee", table);
    co_await a.prepare("insert_" + table, insert);
  }
  work.connections.push_back(std::move(a));
}

Task<void> write(Work& work, pg::Connection& a) {
  asio::system_timer timer(co_await asio::this_coro::executor);
  while (work.next < work.offsets.size()) {
    const std::size_t i = work.next++;
    const auto scheduled =
        work.begin + std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(work.offsets[i]));
    timer.expires_at(scheduled);
    co_await timer.async_wait(asio::use_awaitable);
    if (work.enough && work.enough()) co_return;
    Employee employee = make_employee(i);
    const pg::Params params = params_of(employee);
    const std::string insert = "insert_" + work.tables[i % work.tables.size()];
    const pg::Result row = co_await a.execute(insert, params);
    employee.emp_id = row.int64(0, 0);
    if (work.committed) work.committed(employee);
    work.arrivals[i] = {milliseconds(scheduled), employee.emp_id};
  }
}

}  // namespace

Written write_open_loop(const std::string& dsn, const Tables& tables, const OpenLoop& load,
                        const std::function<void(const Employee&)>& committed, const Enough& enough) {
  asio::io_context io;  // lives longer than the connections on it
  Work work{dsn, tables, committed, enough, offsets_of(load), {}, 0, {}, {}};
  work.arrivals.resize(work.offsets.size());
  run_tasks(io, load.writers, [&](int) { return connect(work); });
  work.begin = Clock::now() + std::chrono::milliseconds(50);
  run_tasks(io, load.writers, [&](int i) { return write(work, work.connections[static_cast<std::size_t>(i)]); });
  const double end_ms = milliseconds(Clock::now());
  std::erase_if(work.arrivals, [](const Arrival& arrival) { return arrival.emp_id == 0; });
  if (work.arrivals.empty()) throw std::runtime_error("it was enough before a single change was written");
  return {std::move(work.arrivals), milliseconds(work.begin), end_ms};
}

IdRange ids_of(const std::vector<Arrival>& arrivals) {
  const auto [low, high] = std::minmax_element(arrivals.begin(), arrivals.end(),
                                               [](const auto& x, const auto& y) { return x.emp_id < y.emp_id; });
  return {low->emp_id, high->emp_id};
}

}  // namespace penstock::bench
