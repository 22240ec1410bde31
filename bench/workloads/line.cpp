// line: the latency of a line that runs already, between tables of the first users' columns (compose/demo shows it).
#include <fstream>
#include <iostream>

#include <spdlog/fmt/fmt.h>

#include "harness/runs.hpp"
#include "workloads/workload.hpp"

namespace penstock::bench {
namespace {

// Somebody else has started it.
class RunningLine : public Rival {
 public:
  using Rival::Rival;
  std::string name() const override { return "line"; }
  void start() override {}
  void stop() override {}
};

}  // namespace

void measure_line(const LineOptions& options) {
  RunningLine line({options.source, options.target, "", "", "", options.source_table, options.target_table});
  const LatencyRun run = measure_latency(line, options.load, nullptr);
  if (run.arrived != Arrived::all)
    throw std::runtime_error("B has not every row, 30 s after the last insert: no figure");
  std::cout << fmt::format("{} inserts/s for {} s from {} connections, A = B afterwards\n", options.load.rate,
                           options.load.seconds, options.load.writers)
            << "commit on A -> commit on B:    " << to_line(*run.commit_to_commit) << "\n"
            << "scheduled   -> commit on B:    " << to_line(*run.scheduled_to_commit) << "\n"
            << "commit on A -> commit on B\n"
            << histogram_of(run.milliseconds);
  if (options.json.empty()) return;
  JsonObject json;
  json.set("rate", options.load.rate).set("seconds", options.load.seconds).set("writers", options.load.writers);
  add_to(json, run);
  std::ofstream(options.json) << json.text() << "\n";
}

}  // namespace penstock::bench
