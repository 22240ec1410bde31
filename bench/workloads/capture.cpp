// capture: what capture costs the writers on A, single rows and bulk statements, beside other ways to do it with
// triggers; and what it writes, beside logical decoding.
#include <algorithm>
#include <random>

#include "harness/results.hpp"
#include "workloads/capture_runs.hpp"
#include "workloads/workload.hpp"

namespace penstock::bench {
namespace {

constexpr int kScale = 50;  // pgbench's; fits into memory
constexpr int kQuickScale = 5;
const Names kOthers{"penstock_unguarded", "row", "notify", "pgq", "audit", "logical"};

// The goals are set for the first; the others show what else there is, and may do so in less time.
constexpr int kRepetitions = 5;
constexpr int kOthersRepetitions = 3;
constexpr int kOthersClients = 32;
const Names kQuickOthers{"penstock_unguarded", "pgq", "logical"};

std::vector<CapturePoint> points_of(const Field& field) {
  const bool quick = field.setup().quick;
  const int often = field.repetitions(quick ? 1 : kRepetitions);
  const int less = field.repetitions(quick ? 1 : kOthersRepetitions);
  const Names& others = quick ? kQuickOthers : kOthers;
  std::vector<CapturePoint> points;
  const std::vector<int> clients = quick ? std::vector{32} : std::vector{1, 8, 32, 64};
  for (const int n : clients) {
    for (const char* way : {"bare", "penstock", "beside"}) points.push_back({"single", way, n, often});
    for (const char* way : {"bare", "penstock"}) points.push_back({"tpcb", way, n, often});
  }
  for (const std::string& way : others) points.push_back({"single", way, kOthersClients, less});
  for (const char* way : {"bare", "penstock"}) points.push_back({"bulk", way, 1, often});
  for (const std::string& way : others) {
    if (way != "notify") points.push_back({"bulk", way, 1, less});
  }
  return points;
}

bool is_wanted(const Setup& setup, const std::string& way) {
  return setup.rivals.empty() || std::find(setup.rivals.begin(), setup.rivals.end(), way) != setup.rivals.end();
}

}  // namespace

// Every point in every repetition, in an order that is shuffled anew each time: what the machine does beside hits all
// of them.
void measure_capture(Field& field) {
  const Setup& setup = field.setup();
  Results results(field, "capture");
  CapturePlace place(field, setup.quick ? kQuickScale : kScale);
  CaptureRuns runs(place, results, setup.quick);
  std::vector<CapturePoint> points = points_of(field);
  std::erase_if(points, [&](const CapturePoint& point) { return !is_wanted(setup, point.way); });
  std::mt19937_64 random(setup.seed);
  for (int repetition = 1; !points.empty(); ++repetition) {
    std::shuffle(points.begin(), points.end(), random);
    for (const CapturePoint& point : points) runs.measure(point, repetition);
    std::erase_if(points, [&](const CapturePoint& point) { return point.repetitions == repetition; });
  }
  runs.print();
  results.save();
}

}  // namespace penstock::bench
