#pragma once
#include <cstdint>
#include <random>
#include <string>
#include <vector>

namespace penstock::test {

// Seeded choices: the same seed makes the same choices on every machine (no std distribution is used).
class Random {
 public:
  explicit Random(std::uint64_t seed) : engine_(seed) {}

  std::size_t below(std::size_t bound) { return engine_() % bound; }
  long between(long low, long high) { return low + static_cast<long>(below(static_cast<std::size_t>(high - low + 1))); }
  bool chance(double share) { return static_cast<double>(engine_() >> 11) * 0x1p-53 < share; }
  template <class T>
  const T& pick(const std::vector<T>& from) {
    return from[below(from.size())];
  }
  std::uint64_t seed() { return engine_(); }  // for another Random

 private:
  std::mt19937_64 engine_;
};

}  // namespace penstock::test
