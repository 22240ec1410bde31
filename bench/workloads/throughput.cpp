// throughput: what comes in bulk, what it does to single changes beside it, and how many single changes a second are
// sustained.
#include <functional>
#include <iostream>

#include <spdlog/fmt/fmt.h>

#include "harness/bulk.hpp"
#include "harness/results.hpp"
#include "workloads/sustained.hpp"
#include "workloads/workload.hpp"

namespace penstock::bench {
namespace {

struct Sizes {
  std::int64_t rows, many_rows, debezium_rows, beside_rows;
  int repetitions, many_repetitions, debezium_repetitions;
};

constexpr Sizes kSizes{300'000, 3'000'000, 60'000, 1'000'000, 5, 1, 3};
constexpr Sizes kQuickSizes{50'000, 0, 5'000, 50'000, 1, 0, 1};

bool measure_bulk(const Field& field, Results& results, Rival& rival, const std::string& operation, std::int64_t rows,
                  int repetition) {
  JsonObject json;
  json.set("kind", "bulk").set("rival", rival.name()).set("repetition", repetition);
  try {
    if (operation == "insert") {
      begin_turn(rival);
      empty_tables(rival);
    }
    const BulkRun run = run_bulk(field, rival, operation, rows);
    add_to(json, run);
    results.add(json);
    std::cout << fmt::format("{} {:>7} rows  {:<15} {}\n", operation, rows, rival.name(), to_line(run)) << std::flush;
    return run.keeps_up;
  } catch (const std::exception& error) {
    json.set("operation", operation).set("rows", rows);
    results.refuse(json, error.what());
    return false;
  }
}

// An insert of so many rows into empty tables, and an update of all of them.
bool measure_pair(const Field& field, Results& results, Rival& rival, std::int64_t rows, int repetition) {
  return measure_bulk(field, results, rival, "insert", rows, repetition) &&
         measure_bulk(field, results, rival, "update", rows, repetition);
}

// A turn for each.
void measure_singles(Results& results, const RivalList& rivals, const std::string& kind,
                     const std::function<void(Rival&)>& measure) {
  for (Rival* const rival : rivals) {
    try {
      begin_turn(*rival);
      measure(*rival);
      rival->pause();
    } catch (const std::exception& error) {
      JsonObject json;
      json.set("kind", kind).set("rival", rival->name());
      results.refuse(json, error.what());
    }
  }
}

}  // namespace

void measure_throughput(Field& field) {
  Results results(field, "throughput");
  const Sizes& sizes = field.setup().quick ? kQuickSizes : kSizes;
  // Consumers at rest ask the broker all the same, and its processor time is measured here.
  field.retire({"floor", "naive"});
  const RivalList quick_ones = field.rivals({"penstock", "native"});
  const auto bulk = [&](const RivalList& rivals, std::int64_t rows, int repetitions) {
    in_rounds(field, rivals, field.repetitions(repetitions),
              [&](Rival& rival, int repetition) { return measure_pair(field, results, rival, rows, repetition); });
  };
  bulk(quick_ones, sizes.rows, sizes.repetitions);
  if (sizes.many_rows > 0) bulk(quick_ones, sizes.many_rows, sizes.many_repetitions);
  measure_singles(results, field.rivals({"penstock", "penstock-key", "native"}), "beside",
                  [&](Rival& rival) { measure_beside(field, results, rival, sizes.beside_rows); });
  field.retire({"penstock-key"});
  measure_singles(results, field.rivals({"penstock", "native", "native-async"}), "sustained",
                  [&](Rival& rival) { measure_sustained(field, results, rival); });
  bulk(field.rivals({"debezium-tuned"}), sizes.debezium_rows, sizes.debezium_repetitions);
  results.save();
}

}  // namespace penstock::bench
