// scale: the program alone, along one axis at a time: appliers, tables, the size of rows and of transactions, and what
// has piled up in the journal.
#include <chrono>
#include <iostream>
#include <thread>

#include <spdlog/fmt/fmt.h>

#include "workloads/scale_backlog.hpp"
#include "workloads/scale_run.hpp"
#include "workloads/workload.hpp"

namespace penstock::bench {
namespace {

constexpr const char* kEightPartitions = "partitions = 8\n";
constexpr int kRepetitions = 2;
constexpr auto kShared = std::chrono::seconds(3);  // until the group has given every member its partitions
constexpr OpenLoop kSpread{.rate = 200, .seconds = 3, .writers = 8, .seed = 1};
constexpr std::int64_t kTransactionRows = 100;  // of the curve over tables

// The points of each curve, and how many rows each has.
struct Curves {
  std::vector<int> appliers;  // 0: consistency = "batch"
  std::int64_t applier_rows;
  std::vector<int> tables;
  std::int64_t table_rows;
  std::vector<std::pair<int, std::int64_t>> row_sizes;              // bytes of the widest column
  std::vector<std::pair<std::int64_t, std::int64_t>> transactions;  // rows of each
  std::int64_t backlog_rows;
};

// Rows of 100 kB, and transactions of 10 rows, take long enough with fewer of them.
const Curves kCurves{{0, 1, 2, 4},
                     200'000,
                     {1, 10, 100},
                     100'000,
                     {{40, 100'000}, {940, 50'000}, {99'940, 500}},
                     {{10, 30'000}, {1'000, 100'000}, {100'000, 100'000}},
                     10'000'000};
const Curves kQuickCurves{{0, 2}, 20'000, {1, 10}, 10'000, {{40, 10'000}, {940, 5'000}}, {{10, 1'000}, {1'000, 10'000}},
                          100'000};

// What the points of a curve share.
struct Stage {
  const Field& field;
  Results& results;
  Scratch& scratch;  // outlives their lines

  std::unique_ptr<ScaleLine> make_line(const PenstockSettings& settings, const std::string& script = "") const {
    return bench::make_line(field.setup(), scratch, settings, script);
  }
};

// Rows of one transaction, in both ways of consistency: an insert, and an update of all.
ScalePoint appliers_point(const Stage& stage, int appliers, std::int64_t rows) {
  PenstockSettings settings{.kafka = kEightPartitions};
  if (appliers > 0) settings.pipeline = "consistency = \"key\"\n";
  settings.processes = std::max(appliers, 1);
  const std::string way = appliers > 0 ? fmt::format("key, {} appliers", appliers) : "batch";
  ScalePoint point;
  point.name = way;
  point.about.set("curve", "appliers").set("way", way).set("by_key", appliers > 0).set("appliers", settings.processes);
  point.line = stage.make_line(settings);
  point.measure = [stage, way, rows](ScaleLine& line, const JsonObject& json) {
    if (line.processes().size() > 1) std::this_thread::sleep_for(kShared);
    empty_tables(line);
    for (const char* operation : {"insert", "update"}) {
      const BulkRun run = run_copy(stage.field, line, {"employee"}, {.operation = operation, .rows = rows}, [&] {
        Side a = line.side_a();
        if (std::string(operation) == "insert") {
          a.session.rows(sql_file("bulk_insert"), pg::Params::of(rows));
        } else {
          a.session.rows(sql_file("bulk_update"));
        }
      });
      add_run(stage.results, json, way, run);
    }
  };
  return point;
}

Tables tables_like_employee(int count) {
  Tables tables{"employee"};
  for (int i = 2; i <= count; ++i) tables.push_back(fmt::format("employee_{}", i));
  return tables;
}

void measure_spread(const Stage& stage, ScaleLine& line, const Tables& tables, JsonObject json) {
  OpenLoop load = kSpread;
  if (stage.field.setup().quick) load.seconds = 1;
  const LatencyRun run = measure_latency(line, load, &stage.field, tables);
  json.set("rate", load.rate);
  add_to(json, run);
  stage.results.add(json);
  std::cout << fmt::format("{}/s over {:>3} tables  {}\n", load.rate, tables.size(), to_line(run)) << std::flush;
}

// Transactions of one table each, over so many tables; and single changes over them.
ScalePoint tables_point(const Stage& stage, int count, std::int64_t rows) {
  const Tables tables = tables_like_employee(count);
  std::string script;
  PenstockSettings settings;
  for (const auto& table : tables) {
    settings.tables += table_with_rules(table);
    if (table != "employee") script += sql_file("scale/more_table", table);
  }
  ScalePoint point;
  point.name = fmt::format("{} tables", count);
  point.about.set("curve", "tables").set("tables", count);
  point.line = stage.make_line(settings, script);
  point.measure = [stage, name = point.name, tables, rows](ScaleLine& line, const JsonObject& json) {
    const Transactions load{kTransactionRows, rows / kTransactionRows, 4};
    const BulkRun run = run_copy(stage.field, line, tables, {.operation = "insert", .rows = rows},
                                 [&] { write_transactions(line.place().dsn_a, tables, load); });
    add_run(stage.results, json, name, run);
    measure_spread(stage, line, tables, json);
  };
  return point;
}

// One statement; a row's size is what the server's text of it has on average.
ScalePoint row_size_point(const Stage& stage, int body_bytes, std::int64_t rows) {
  ScalePoint point;
  point.name = fmt::format("rows with {} bytes more", body_bytes);
  point.line = stage.make_line({.tables = table_with_rules("employee")}, sql_file("scale/wide_table"));
  Session(point.line->place().dsn_a).rows(sql_file("scale/stage_wide"), pg::Params::of(rows, body_bytes));
  point.about.set("curve", "row_size").set("body_bytes", body_bytes);
  point.measure = [stage, name = point.name, rows](ScaleLine& line, JsonObject json) {
    empty_tables(line);
    const BulkRun run = run_copy(stage.field, line, {"employee"}, {.operation = "insert", .rows = rows},
                                 [&] { line.side_a().session.rows(sql_file("scale/insert_wide")); });
    json.set("bytes", line.side_b().session.number("select sum(octet_length(employee::text)) from employee"));
    add_run(stage.results, json, name, run);
  };
  return point;
}

ScalePoint transaction_point(const Stage& stage, std::int64_t transaction_rows, std::int64_t rows) {
  ScalePoint point;
  point.name = fmt::format("{} rows a transaction", transaction_rows);
  point.about.set("curve", "transactions").set("rows_a_transaction", transaction_rows);
  point.line = stage.make_line({});
  point.measure = [stage, name = point.name, transaction_rows, rows](ScaleLine& line, const JsonObject& json) {
    empty_tables(line);
    const std::int64_t count = std::max<std::int64_t>(rows / transaction_rows, 1);
    const Transactions load{transaction_rows, count, static_cast<int>(std::min<std::int64_t>(count, 8))};
    const BulkRun run =
        run_copy(stage.field, line, {"employee"}, {.operation = "insert", .rows = transaction_rows * count},
                 [&] { write_transactions(line.place().dsn_a, {"employee"}, load); });
    add_run(stage.results, json, name, run);
  };
  return point;
}

template <class Numbers, class Make>
void measure_curve(const Field& field, Results& results, const Numbers& numbers, Make make) {
  Scratch scratch(field.setup().kafka, "_scale");
  const Stage stage{field, results, scratch};
  std::vector<ScalePoint> points;
  for (const auto& number : numbers) points.push_back(make(stage, number));
  run_curve(field, results, std::move(points), field.repetitions(field.setup().quick ? 1 : kRepetitions));
}

}  // namespace

void measure_scale(Field& field) {
  Results results(field, "scale");
  const Curves& curves = field.setup().quick ? kQuickCurves : kCurves;
  field.retire_all();  // what rests asks servers and broker all the same
  measure_curve(field, results, curves.appliers,
                [&](const Stage& stage, int count) { return appliers_point(stage, count, curves.applier_rows); });
  measure_curve(field, results, curves.tables,
                [&](const Stage& stage, int count) { return tables_point(stage, count, curves.table_rows); });
  measure_curve(field, results, curves.row_sizes,
                [&](const Stage& stage, const auto& size) { return row_size_point(stage, size.first, size.second); });
  measure_curve(field, results, curves.transactions, [&](const Stage& stage, const auto& size) {
    return transaction_point(stage, size.first, size.second);
  });
  measure_backlog(field, results, curves.backlog_rows);
  results.save();
}

}  // namespace penstock::bench
