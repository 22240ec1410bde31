#pragma once
#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "harness/employees.hpp"

namespace penstock::bench {

// Single-row inserts at a given rate, whether or not anybody keeps up: exponential gaps (Poisson arrivals), each
// arrival taken by the next free connection.
struct OpenLoop {
  double rate = 200;  // inserts a second, over all connections
  double seconds = 4;
  int writers = 8;
  std::uint64_t seed = 1;  // the same seed, the same arrivals
};

struct Arrival {
  double scheduled_ms = 0;  // since 1970
  std::int64_t emp_id = 0;
};

struct Written {
  std::vector<Arrival> arrivals;
  double begin_ms = 0, end_ms = 0;  // when the first was due, and the last was committed
  // How far the writers themselves were behind at the end: A took no more.
  double late_s() const { return (end_ms - arrivals.back().scheduled_ms) / 1'000; }
  double seconds() const { return (end_ms - begin_ms) / 1'000; }
};

// The tables get their inserts by turns. Returns when the last insert was committed. committed: called after each
// commit, with the row. enough: asked when an arrival is due; true: it and those behind it are left out.
using Enough = std::function<bool()>;
Written write_open_loop(const std::string& dsn, const Tables& tables, const OpenLoop& load,
                        const std::function<void(const Employee&)>& committed, const Enough& enough = {});

IdRange ids_of(const std::vector<Arrival>& arrivals);

}  // namespace penstock::bench
