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

struct Point {
  OpenLoop load;
  int repetitions = 5;
};

constexpr Point kPoints[] = {
    {{.rate = 10, .seconds = 6}},
    {{.rate = 200, .writers = 1}},
    {{.rate = 200}},
    {{.rate = 200, .writers = 32}},
    {{.rate = 1'000}},
    {{.rate = 4'000}},
};
constexpr Point kQuickPoints[] = {{{.rate = 200, .seconds = 1}, 1}, {{.rate = 1'000, .seconds = 1}, 1}};
constexpr Point kUntunedPoints[] = {{{.rate = 200}, 3}};

// naive loses rows with several writers, at any rate: three points show that. Whether native replication waits for B's
// disk matters where commits are many.
bool takes_part(const Rival& rival, const OpenLoop& load) {
  if (rival.name() == "native-async") return load.rate >= 1'000;
  return !rival.may_lose() || (load.rate >= 200 && load.rate <= 1'000 && load.writers <= 8);
}

std::vector<Point> points_of(const Setup& setup) {
  if (setup.point.rate > 0) return {{setup.point}};
  if (setup.quick) return {std::begin(kQuickPoints), std::end(kQuickPoints)};
  return {std::begin(kPoints), std::end(kPoints)};
}

bool measure(Field& field, Results& results, Rival& rival, OpenLoop load, int repetition) {
  // The same arrivals for every rival of a repetition.
  load.seed = field.setup().seed + static_cast<std::uint64_t>(repetition);
  JsonObject json;
  json.set("rival", rival.name()).set("repetition", repetition).set("rate", load.rate).set("writers", load.writers);
  try {
    begin_turn(rival);
    const LatencyRun run = measure_latency(rival, load, &field);
    add_to(json, run);
    results.add(json);
    std::cout << fmt::format("{:>5}/s {:>2} writers  {:<15} {}\n", load.rate, load.writers, rival.name(), to_line(run))
              << std::flush;
    return run.arrived != Arrived::late;
  } catch (const std::exception& error) {
    results.refuse(json, error.what());
    return false;
  }
}

void measure_points(Field& field, Results& results, const RivalList& rivals, std::span<const Point> points) {
  for (const auto& [load, repetitions] : points) {
    RivalList taking_part;
    for (Rival* const rival : rivals) {
      if (takes_part(*rival, load) || field.setup().point.rate > 0) taking_part.push_back(rival);
    }
    in_rounds(field, taking_part, field.repetitions(repetitions), [&, load = load](Rival& rival, int repetition) {
      return measure(field, results, rival, load, repetition);
    });
  }
}

}  // namespace

void measure_latencies(Field& field) {
  Results results(field, "latency");
  const auto points = points_of(field.setup());
  measure_points(field, results,
                 field.rivals({"floor", "penstock", "native", "native-async", "naive", "debezium-tuned"}), points);
  // Whether tuning was worth it, told in a few runs; then it goes, or its slot would decode what the tuned one is
  // given.
  if (!field.setup().quick) {
    const RivalList untuned = field.rivals({"debezium"});
    measure_points(field, results, untuned,
                   field.setup().point.rate > 0 ? std::span<const Point>(points) : kUntunedPoints);
    field.retire({"debezium"});
  }
  results.save();
}

}  // namespace penstock::bench
