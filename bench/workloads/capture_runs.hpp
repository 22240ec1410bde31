#pragma once
#include <map>
#include <string>
#include <tuple>
#include <vector>

#include "harness/results.hpp"
#include "workloads/capture_place.hpp"

namespace penstock::bench {

// One point of the figure "capture".
struct CapturePoint {
  std::string workload;  // single, tpcb, bulk
  std::string way;
  int clients = 1;
  int repetitions = 1;
};

// Measures points, saves each run, and remembers what there is to compare.
class CaptureRuns {
 public:
  CaptureRuns(CapturePlace& place, Results& results, bool quick) : place_(place), results_(results), quick_(quick) {}

  void measure(const CapturePoint& point, int repetition);
  // The median of each point, beside the same repetitions of what it is compared with, and their range.
  void print() const;

 private:
  using Key = std::tuple<std::string, int, std::string>;  // workload or statement, clients, way

  void run_pgbench_point(const CapturePoint& point, int repetition);
  void run_bulk(const CapturePoint& point, int repetition);
  std::int64_t log_bytes(const std::string& way) const;
  void print(const Key& key, const std::map<int, double>& values) const;

  CapturePlace& place_;
  Results& results_;
  bool quick_;
  std::map<Key, std::map<int, double>> measured_;  // transactions a second, or seconds, by repetition
};

}  // namespace penstock::bench
