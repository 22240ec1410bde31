// scale: the program alone, along one axis at a time: appliers, tables, the size of rows and of transactions, and what
// has piled up in the journal.
#include <iostream>

#include <spdlog/fmt/fmt.h>

#include "workloads/scale_backlog.hpp"
#include "workloads/scale_run.hpp"
#include "workloads/workload.hpp"

namespace penstock::bench {
namespace {

constexpr const char* kEightPartitions = "partitions = 8\n";
constexpr int kRepetitions = 3;
constexpr OpenLoop kSpread{.rate = 200, .seconds = 3, .writers = 8, .seed = 1};
constexpr std::int64_t kTransactionRows = 100;  // of the curve over tables

struct Sizes {
  std::int64_t applier_rows, rows;  // of the curve over appliers, of the others
  std::int64_t backlog_rows;
  int row_divisor;  // of the numbers of wide rows
};
constexpr Sizes kSizes{200'000, 100'000, 10'000'000, 1};
constexpr Sizes kQuickSizes{20'000, 10'000, 100'000, 10};

// Rows of one transaction, in both ways of consistency: an insert, and an update of all.
ScalePoint appliers_point(Field& field, Results& results, int appliers, std::int64_t rows) {
  PenstockSettings settings{.kafka = kEightPartitions};
  if (appliers > 0) settings.pipeline = "consistency = \"key\"\n";
  settings.processes = std::max(appliers, 1);
  const std::string way = appliers > 0 ? fmt::format("key, {} appliers", appliers) : "batch";
  ScalePoint point;
  point.name = way;
  point.about.set("curve", "appliers").set("way", way).set("by_key", appliers > 0).set("appliers", settings.processes);
  point.line = make_line(field, settings);
  point.measure = [&field, &results, way, rows](ScaleLine& line, const JsonObject& json) {
    empty_tables(line);
    for (const char* operation : {"insert", "update"}) {
      const BulkRun run = run_copy(field, line, {"employee"}, {.operation = operation, .rows = rows}, [&] {
        Side a = line.side_a();
        if (std::string(operation) == "insert") {
          a.session.rows(sql_file("bulk_insert"), pg::Params::of(rows));
        } else {
          a.session.rows(sql_file("bulk_update"));
        }
      });
      add_run(results, json, way, run);
    }
  };
  return point;
}

Tables tables_like_employee(int count) {
  Tables tables{"employee"};
  for (int i = 2; i <= count; ++i) tables.push_back(fmt::format("employee_{}", i));
  return tables;
}

void measure_spread(const Field& field, Results& results, ScaleLine& line, const Tables& tables, JsonObject json) {
  OpenLoop load = kSpread;
  if (field.setup().quick) load.seconds = 1;
  const LatencyRun run = measure_latency(line, load, &field, tables);
  json.set("rate", load.rate);
  add_to(json, run);
  results.add(json);
  std::cout << fmt::format("{}/s over {:>3} tables  {}\n", load.rate, tables.size(), to_line(run)) << std::flush;
}

// Transactions of one table each, over so many tables; and single changes over them.
ScalePoint tables_point(Field& field, Results& results, int count, std::int64_t rows) {
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
  point.line = make_line(field, settings, script);
  point.measure = [&field, &results, name = point.name, tables, rows](ScaleLine& line, const JsonObject& json) {
    const Transactions load{kTransactionRows, rows / kTransactionRows, 4};
    const BulkRun run = run_copy(field, line, tables, {.operation = "insert", .rows = rows},
                                 [&] { write_transactions(line.place().dsn_a, tables, load); });
    add_run(results, json, name, run);
    measure_spread(field, results, line, tables, json);
  };
  return point;
}

// One statement; a row's size is what the server's text of it has on average.
ScalePoint row_size_point(Field& field, Results& results, int body_bytes, std::int64_t rows) {
  ScalePoint point;
  point.name = fmt::format("rows with {} bytes more", body_bytes);
  point.line = make_line(field, {.tables = table_with_rules("employee")}, sql_file("scale/wide_table"));
  Session(point.line->place().dsn_a).rows(sql_file("scale/stage_wide"), pg::Params::of(rows, body_bytes));
  point.about.set("curve", "row_size").set("body_bytes", body_bytes);
  point.measure = [&field, &results, name = point.name, rows](ScaleLine& line, JsonObject json) {
    empty_tables(line);
    const BulkRun run = run_copy(field, line, {"employee"}, {.operation = "insert", .rows = rows},
                                 [&] { line.side_a().session.rows(sql_file("scale/insert_wide")); });
    json.set("bytes", line.side_b().session.number("select sum(octet_length(employee::text)) from employee"));
    add_run(results, json, name, run);
  };
  return point;
}

ScalePoint transaction_point(Field& field, Results& results, std::int64_t transaction_rows, std::int64_t rows) {
  ScalePoint point;
  point.name = fmt::format("{} rows a transaction", transaction_rows);
  point.about.set("curve", "transactions").set("rows_a_transaction", transaction_rows);
  point.line = make_line(field, {});
  point.measure = [&field, &results, name = point.name, transaction_rows, rows](ScaleLine& line,
                                                                                const JsonObject& json) {
    empty_tables(line);
    const std::int64_t count = std::max<std::int64_t>(rows / transaction_rows, 1);
    const Transactions load{transaction_rows, count, static_cast<int>(std::min<std::int64_t>(count, 8))};
    const BulkRun run = run_copy(field, line, {"employee"}, {.operation = "insert", .rows = transaction_rows * count},
                                 [&] { write_transactions(line.place().dsn_a, {"employee"}, load); });
    add_run(results, json, name, run);
  };
  return point;
}

template <class Make>
void measure_curve(Field& field, Results& results, Make make) {
  std::vector<ScalePoint> points;
  make(points);
  run_curve(field, results, std::move(points), field.repetitions(field.setup().quick ? 1 : kRepetitions));
}

}  // namespace

void measure_scale(Field& field) {
  Results results(field, "scale");
  const Sizes& sizes = field.setup().quick ? kQuickSizes : kSizes;
  // What rests asks servers and broker all the same.
  field.retire({"floor", "penstock", "native", "native-async", "naive", "debezium-tuned"});
  measure_curve(field, results, [&](auto& points) {
    for (const int appliers : {0, 1, 2, 4}) {
      points.push_back(appliers_point(field, results, appliers, sizes.applier_rows));
    }
  });
  measure_curve(field, results, [&](auto& points) {
    for (const int tables : {1, 10, 100}) points.push_back(tables_point(field, results, tables, sizes.rows));
  });
  measure_curve(field, results, [&](auto& points) {
    for (const auto& [body, rows] : {std::pair{40, 100'000}, {940, 50'000}, {99'940, 500}}) {
      points.push_back(row_size_point(field, results, body, rows / sizes.row_divisor));
    }
  });
  measure_curve(field, results, [&](auto& points) {
    // So few rows a transaction are A's limit, which shows in less.
    for (const auto& [rows, share] : {std::pair<std::int64_t, int>{10, 3}, {1'000, 1}, {100'000, 1}}) {
      points.push_back(transaction_point(field, results, rows, sizes.rows / share));
    }
  });
  measure_backlog(field, results, sizes.backlog_rows);
  results.save();
}

}  // namespace penstock::bench
