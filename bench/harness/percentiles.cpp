#include "harness/percentiles.hpp"

#include <algorithm>
#include <cmath>

#include <spdlog/fmt/fmt.h>

namespace penstock::bench {
namespace {

double at(const std::vector<double>& sorted, double share) {
  const auto rank = static_cast<std::size_t>(std::ceil(share * static_cast<double>(sorted.size())));
  return sorted[std::min(sorted.size() - 1, rank == 0 ? 0 : rank - 1)];
}

}  // namespace

Percentiles percentiles_of(std::vector<double> milliseconds) {
  if (milliseconds.empty()) return {};
  std::sort(milliseconds.begin(), milliseconds.end());
  return {milliseconds.size(),    at(milliseconds, 0.50),  at(milliseconds, 0.95),
          at(milliseconds, 0.99), at(milliseconds, 0.999), milliseconds.back()};
}

JsonObject to_json(const Percentiles& p) {
  JsonObject json;
  json.set("count", p.count).set("p50_ms", p.p50).set("p95_ms", p.p95);
  return json.set("p99_ms", p.p99).set("p999_ms", p.p999).set("max_ms", p.max);
}

std::string to_line(const Percentiles& p) {
  return fmt::format("p50 {:.2f}  p95 {:.2f}  p99 {:.2f}  p99.9 {:.2f}  max {:.2f} ms  ({} changes)", p.p50, p.p95,
                     p.p99, p.p999, p.max, p.count);
}

std::string histogram_of(const std::vector<double>& milliseconds) {
  constexpr double kFirstBound = 0.25;
  constexpr std::size_t kWidth = 50;
  std::vector<std::size_t> counts;
  for (const double value : milliseconds) {
    const auto bucket = value < kFirstBound ? 0 : static_cast<std::size_t>(std::log2(value / kFirstBound)) + 1;
    if (counts.size() <= bucket) counts.resize(bucket + 1);
    ++counts[bucket];
  }
  std::string out;
  const std::size_t most = counts.empty() ? 1 : *std::max_element(counts.begin(), counts.end());
  for (std::size_t i = 0; i < counts.size(); ++i) {
    const double bound = kFirstBound * std::pow(2.0, static_cast<double>(i));
    out += fmt::format("  < {:>9.2f} ms {:>8} {}\n", bound, counts[i], std::string(counts[i] * kWidth / most, '#'));
  }
  return out;
}

}  // namespace penstock::bench
