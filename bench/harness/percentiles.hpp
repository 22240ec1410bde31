#pragma once
#include <string>
#include <vector>

#include "harness/json.hpp"

namespace penstock::bench {

// What one series of latencies looks like. Milliseconds.
struct Percentiles {
  std::size_t count = 0;
  double p50 = 0, p95 = 0, p99 = 0, p999 = 0, max = 0;
};

Percentiles percentiles_of(std::vector<double> milliseconds);

JsonObject to_json(const Percentiles& p);
// One line: "p50 1.20  p95 …".
std::string to_line(const Percentiles& p);
// A plain text histogram, a line a bucket, buckets growing by a factor of two.
std::string histogram_of(const std::vector<double>& milliseconds);

}  // namespace penstock::bench
