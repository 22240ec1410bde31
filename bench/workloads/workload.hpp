#pragma once
#include <string>

#include "harness/field.hpp"
#include "harness/open_loop.hpp"

namespace penstock::bench {

// The figures, by the names of their subcommands. Each prints what it sees, saves its raw results, and throws when it
// has no figure to give.
void measure_latencies(Field& field);
void measure_wakeups(Field& field);
void measure_throughput(Field& field);
void measure_capture(Field& field);
void measure_backfill(Field& field);
void measure_resources(Field& field);
void measure_scale(Field& field);

// Not a figure: a line that runs already.
struct LineOptions {
  std::string source, target;  // connection strings
  std::string source_table = "employee_a", target_table = "employee_b";
  std::string json;  // a file; empty: none is written
  OpenLoop load;
};
void measure_line(const LineOptions& options);

}  // namespace penstock::bench
