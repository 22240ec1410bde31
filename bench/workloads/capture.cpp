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

std::vector<CapturePoint> points_of(bool quick) {
  std::vector<CapturePoint> points;
  const std::vector<int> clients = quick ? std::vector{1, 32} : std::vector{1, 8, 32, 64};
  for (const int n : clients) {
    for (const char* way : {"bare", "penstock", "beside"}) points.push_back({"single", way, n});
    for (const char* way : {"bare", "penstock"}) points.push_back({"tpcb", way, n});
  }
  for (const int n : {1, 32}) {
    for (const std::string& way : kOthers) points.push_back({"single", way, n});
  }
  for (const char* way : {"bare", "penstock"}) points.push_back({"bulk", way});
  for (const std::string& way : kOthers) {
    if (way != "notify") points.push_back({"bulk", way});
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
  std::vector<CapturePoint> points = points_of(setup.quick);
  std::erase_if(points, [&](const CapturePoint& point) { return !is_wanted(setup, point.way); });
  std::mt19937_64 random(setup.seed);
  for (int repetition = 1; repetition <= field.repetitions(field.setup().quick ? 1 : 5); ++repetition) {
    std::shuffle(points.begin(), points.end(), random);
    for (const CapturePoint& point : points) runs.measure(point, repetition);
  }
  runs.print();
  results.save();
}

}  // namespace penstock::bench
