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

enum class Arrived { all, late, lost };
// Waits until B has as many rows of the range as A. late: not within the seconds given; lost: of a rival that may lose
// rows, no more of them came for some seconds.
Arrived wait_for_rows(const Rival& rival, Side& a, Side& b, IdRange ids, double seconds);
// Throws Unequal unless both sides hold the same rows of the range.
void expect_equal(const std::string& rival, Side& a, Side& b, IdRange ids);

// One row through the rival, to know that it runs; throws when that takes more than `seconds`.
void await_row(Rival& rival, double seconds);

struct LatencyRun {
  std::size_t changes = 0;
  double seconds = 0;             // how long was written
  double written_late_s = 0;      // what the writers were behind when they had written the last
  double written_per_second = 0;  // what the writers got
  Arrived arrived = Arrived::all;
  std::int64_t lost = 0;
  std::vector<double> milliseconds;  // from commit to commit
  std::optional<Percentiles> commit_to_commit, scheduled_to_commit;
  std::map<std::string, double> cpu_s;
};
inline constexpr double kKeepsUp_s = 30;  // all must be on B so long after the last commit

std::string to_line(const LatencyRun& run);

// Single-row inserts at a given rate, and how long each took to be committed on B. Throws Unequal. Processor time is
// measured where a field is given. tables: others than the rival's; of several each gets its turn. enough: ends the
// load before its time.
LatencyRun measure_latency(Rival& rival, const OpenLoop& load, const Field* field, const Tables& tables = {},
                           const Enough& enough = {});
void add_to(JsonObject& json, const LatencyRun& run);
void add_to(JsonObject& json, const std::map<std::string, double>& cpu_s);

// Its turn begins: throws when it does not run.
void begin_turn(Rival& rival);

// Every rival in every repetition, one after the other, in an order that is shuffled anew for each repetition: what
// the machine does beside hits all of them. The others rest meanwhile. measure begins the turn; where it returns false
// the rival is left out from then on.
void in_rounds(const Field& field, RivalList rivals, int repetitions,
               const std::function<bool(Rival&, int repetition)>& measure);

}  // namespace penstock::bench
