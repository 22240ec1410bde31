#pragma once
#include <functional>
#include <optional>
#include <string>

#include "harness/field.hpp"
#include "harness/open_loop.hpp"
#include "harness/percentiles.hpp"

namespace penstock::bench {

// A and B differ where they must be equal: there is no figure, and the benchmark fails.
struct Unequal : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// Waits until B has as many rows of the range as A; false: not within the seconds given.
bool wait_for_rows(Side& a, Side& b, IdRange ids, double seconds);
// Throws Unequal unless both sides hold the same rows of the range.
void expect_equal(const std::string& rival, Side& a, Side& b, IdRange ids);

// One row through the rival, to know that it runs; throws when that takes more than `seconds`.
void await_first_row(Rival& rival, double seconds);

struct LatencyRun {
  std::size_t changes = 0;
  double written_per_second = 0;     // what the writers got
  bool keeps_up = true;              // all was on B within kKeepsUp_s after the last commit
  std::vector<double> milliseconds;  // from commit to commit
  std::optional<Percentiles> commit_to_commit, scheduled_to_commit;
  std::map<std::string, double> cpu_s;
};
inline constexpr double kKeepsUp_s = 30;

// Single-row inserts at a given rate, and how long each took to be committed on B. Throws Unequal. Processor time is
// measured where a field is given.
LatencyRun measure_latency(Rival& rival, const OpenLoop& load, const Field* field);
void write(JsonObject& json, const LatencyRun& run);

// Every rival in every repetition, one after the other, in an order that is shuffled anew for each repetition: what
// the machine does beside hits all of them. The others rest meanwhile. measure returns false: not that rival again.
void in_rounds(const Field& field, RivalList rivals, int repetitions,
               const std::function<bool(Rival&, int repetition)>& measure);

}  // namespace penstock::bench
