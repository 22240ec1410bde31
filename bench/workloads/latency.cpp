// latency: single-row inserts at several rates and from several connections, from the commit on A to the commit on B,
// and from the time at which they were due.
#include <iostream>
#include <span>

#include <spdlog/fmt/fmt.h>

#include "harness/results.hpp"
#include "harness/runs.hpp"
#include "workloads/workload.hpp"

namespace penstock::bench {
namespace {

constexpr OpenLoop kPoints[] = {
    {.rate = 10, .seconds = 10},
    {.rate = 200, .writers = 1},
    {.rate = 200},
    {.rate = 200, .writers = 32},
    {.rate = 1'000},
    {.rate = 4'000},
};
constexpr OpenLoop kQuickPoints[] = {{.rate = 200, .seconds = 2}, {.rate = 1'000, .seconds = 2}};

std::span<const OpenLoop> points_of(const Setup& setup) {
  if (setup.point.rate > 0) return {&setup.point, 1};
  if (setup.quick) return kQuickPoints;
  return kPoints;
}

bool measure(Field& field, Results& results, Rival& rival, OpenLoop load, int repetition) {
  // The same arrivals for every rival of a repetition.
  load.seed = field.setup().seed + static_cast<std::uint64_t>(repetition);
  const LatencyRun run = measure_latency(rival, load, &field);
  JsonObject json;
  json.set("rival", rival.name()).set("repetition", repetition).set("rate", load.rate).set("writers", load.writers);
  add_to(json, run);
  results.add(json);
  std::cout << fmt::format("{:>5}/s {:>2} writers  {:<15} {}\n", load.rate, load.writers, rival.name(), to_line(run))
            << std::flush;
  return run.arrived != Arrived::late;
}

}  // namespace

void measure_latencies(Field& field) {
  Results results(field, "latency");
  RivalList rivals = field.rivals({"floor", "penstock", "native", "naive", "debezium", "debezium-tuned"});
  for (const OpenLoop& load : points_of(field.setup())) {
    in_rounds(field, rivals, field.repetitions(5, 1),
              [&](Rival& rival, int repetition) { return measure(field, results, rival, load, repetition); });
  }
  results.save();
}

}  // namespace penstock::bench
