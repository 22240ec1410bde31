#pragma once
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "harness/bulk.hpp"
#include "harness/results.hpp"
#include "rivals/penstock.hpp"

namespace penstock::bench {

// A pipeline of its own for one point of a curve. It runs only while it has its turn.
class ScaleLine : public Penstock {
 public:
  using Penstock::Penstock;
  void pause() override { stop(); }
  void resume() override {
    if (!migrated_) migrate();
    migrated_ = true;
    run();
  }

 private:
  bool migrated_ = false;
};

struct ScalePoint {
  JsonObject about;  // what the curve is of, and where on it this is
  std::string name;  // the same for the eye
  std::unique_ptr<ScaleLine> line;
  // One turn: measures, and adds its runs to the results. json: `about` and the repetition.
  std::function<void(ScaleLine&, const JsonObject& json)> measure;
};

// Every point in every repetition, shuffled as rivals are.
void run_curve(const Field& field, Results& results, std::vector<ScalePoint> points, int repetitions);

// A line on databases of its own; script: for both sides, beside employee.sql.
std::unique_ptr<ScaleLine> make_line(const Setup& setup, Scratch& scratch, const PenstockSettings& settings,
                                     const std::string& script = "");

// Writes to A, and waits until B holds the same, in whatever order it comes. Throws Unequal.
BulkRun run_copy(const Field& field, Rival& rival, const Tables& tables, BulkRun run,
                 const std::function<void()>& write);
// Adds the run to the results, under what json says already, and shows it.
void add_run(Results& results, JsonObject json, const std::string& name, const BulkRun& run);

// Inserts rows in transactions of `rows` each, a statement and a table each, from several connections.
struct Transactions {
  std::int64_t rows = 1, count = 1;
  int writers = 1;
};
void write_transactions(const std::string& dsn, const Tables& tables, const Transactions& load);

}  // namespace penstock::bench
