#include "workloads/sustained.hpp"

#include <algorithm>
#include <chrono>
#include <future>
#include <iostream>

#include <spdlog/fmt/fmt.h>

#include "harness/bulk.hpp"

namespace penstock::bench {
namespace {

constexpr OpenLoop kBeside{.rate = 200, .seconds = 600, .writers = 8, .seed = 1};  // ends before: when all has passed
constexpr OpenLoop kSustained{.rate = 1'000, .seconds = 4, .writers = 32, .seed = 1};
constexpr OpenLoop kQuickSustained{.rate = 4'000, .seconds = 1, .writers = 32, .seed = 1};
constexpr double kLagBound_ms = 1'000;
constexpr double kWritersLate_s = 0.2;  // above it A itself takes no more
constexpr int kHalvings = 2;            // between the last rate that was sustained and the first that was not

// In the last quarter of the run: a lag that grows has grown by then.
double late_lag_ms(const LatencyRun& run) {
  const auto& all = run.milliseconds;
  if (all.empty()) return 1e9;
  return *std::max_element(all.begin() + static_cast<std::ptrdiff_t>(all.size() * 3 / 4), all.end());
}

struct Search {
  OpenLoop load;                      // from this rate on
  double sustained = 0, refused = 0;  // per second; refused 0: none was yet
  bool limited_by_a = false;          // the writers could not write more
  double next() const {
    return refused == 0 ? (sustained == 0 ? load.rate : 2 * sustained) : (sustained + refused) / 2;
  }
};

// One step; false: the search is over.
bool step(const Field& field, Results& results, Rival& rival, Search& search) {
  OpenLoop load = search.load;
  load.rate = search.next();
  const LatencyRun run = measure_latency(rival, load, &field);
  const bool written = run.written_late_s <= kWritersLate_s;
  const bool bounded = run.arrived == Arrived::all && late_lag_ms(run) <= kLagBound_ms;
  JsonObject json;
  json.set("kind", "sustained").set("rival", rival.name()).set("rate", load.rate).set("writers", load.writers);
  json.set("bounded", bounded).set("written", written);
  add_to(json, run);
  results.add(json);
  std::cout << fmt::format("{:>6.0f}/s {} writers  {:<10} {}: {}\n", load.rate, load.writers, rival.name(),
                           !bounded  ? "lag grows"
                           : written ? "sustained"
                                     : "A takes no more",
                           to_line(run))
            << std::flush;
  if (bounded && written) {
    search.sustained = load.rate;
  } else {
    search.refused = load.rate;
    search.limited_by_a = bounded;
  }
  return run.arrived == Arrived::all;
}

}  // namespace

void measure_beside(const Field& field, Results& results, Rival& rival, std::int64_t rows) {
  empty_tables(rival);
  if (!run_bulk(field, rival, "insert", rows).keeps_up) throw std::runtime_error(rival.name() + " does not keep up");
  auto bulk = std::async(std::launch::async, [&] { return run_bulk(field, rival, "update", rows); });
  const LatencyRun run = measure_latency(rival, kBeside, nullptr, {"bystander"}, [&] {
    return bulk.wait_for(std::chrono::seconds(0)) == std::future_status::ready;
  });
  const BulkRun passed = bulk.get();
  if (!passed.keeps_up) throw std::runtime_error(rival.name() + " does not keep up");
  JsonObject json;
  json.set("kind", "beside").set("rival", rival.name()).set("rows", rows).set("bulk_seconds", passed.seconds);
  json.set("seconds", run.seconds);
  add_to(json, run);
  results.add(json);
  std::cout << fmt::format("beside an update of {} rows ({:.1f} s)  {:<10} {}\n", rows, passed.seconds, rival.name(),
                           to_line(run))
            << std::flush;
}

void measure_sustained(const Field& field, Results& results, Rival& rival) {
  const bool quick = field.setup().quick;
  Search search{quick ? kQuickSustained : kSustained};
  while (search.refused == 0 && step(field, results, rival, search)) {
  }
  const int halvings = quick ? 0 : kHalvings;
  for (int i = 0; i < halvings && search.sustained > 0; ++i) {
    if (!step(field, results, rival, search)) break;
  }
  std::cout << fmt::format("{} sustains {:.0f} single changes a second{}\n", rival.name(), search.sustained,
                           search.limited_by_a ? " (A takes no more)" : "")
            << std::flush;
}

}  // namespace penstock::bench
