// The driver of bench/run: measures Penstock and its rivals on servers that somebody else has started. One subcommand a
// figure; several may be named, and share the rivals.
#include <chrono>
#include <iostream>

#include <spdlog/fmt/fmt.h>
#include <CLI/CLI.hpp>

#include "workloads/workload.hpp"

namespace penstock::bench {
namespace {

struct Command {
  const char* name;
  const char* what;
  void (*measure)(Field&);
};

constexpr Command kFigures[] = {
    {"latency", "commit on A to commit on B, at several rates", measure_latencies},
    {"wakeup", "a single change after silence", measure_wakeups},
    {"throughput", "bulk changes, single changes beside them, and the highest rate that is sustained",
     measure_throughput},
    {"capture", "what capture costs the writers, and what it writes", measure_capture},
    {"backfill", "a table copied again while it is written", measure_backfill},
    {"resources", "what it costs at rest, and how soon it is there after a start", measure_resources},
    {"scale", "more appliers, more tables, larger rows and transactions, a backlog", measure_scale},
};

void add_setup(CLI::App& app, Setup& setup) {
  app.add_option("--a", setup.a, "a superuser's URI of A");
  app.add_option("--a-native", setup.a_native, "the same of an A for native replication (wal_level = logical)");
  app.add_option("--a-debezium", setup.a_debezium, "the same of an A for Debezium (wal_level = logical)");
  app.add_option("--b", setup.b, "the same of B");
  app.add_option("--kafka", setup.kafka, "host:port of Kafka");
  app.add_option("--kafka-process", setup.kafka_process, "its process, for its processor time");
  app.add_option("--penstock", setup.penstock, "the program");
  app.add_option("--naive", setup.naive, "the program bench_naive");
  app.add_option("--connect-class-path", setup.connect_jars, "Java's, with Kafka Connect and Debezium");
  app.add_option("--rivals", setup.rivals, "these alone")
      ->delimiter(',')
      ->check(CLI::IsMember(
          {"floor", "penstock", "penstock-key", "native", "native-async", "naive", "debezium", "debezium-tuned"}));
  app.add_option("--repetitions", setup.repetitions, "how often each run is repeated");
  app.add_option("--seed", setup.seed, "of the arrivals and of the order of the rivals");
  app.add_flag("--quick", setup.quick, "a short look, not to be quoted");
  app.add_option("--rate", setup.point.rate, "latency at this rate alone")->check(CLI::Range(0.1, 100'000.0));
  app.add_option("--seconds", setup.point.seconds, "with --rate: how long")->check(CLI::Range(1, 3'600));
  app.add_option("--writers", setup.point.writers, "with --rate: connections to A")->check(CLI::Range(1, 100));
  app.add_option("--results", setup.results, "the directory of FIGURE.json");
  app.add_option("--about", setup.about, "NAME VALUE: written into the results")->type_size(2)->expected(0, 100);
}

CLI::App* add_line(CLI::App& app, LineOptions& line) {
  CLI::App* command = app.add_subcommand("line", "the latency of a line that runs already");
  command->add_option("--source", line.source, "connection string of A")->required();
  command->add_option("--target", line.target, "connection string of B")->required();
  command->add_option("--source-table", line.source_table, "an employees table on A");
  command->add_option("--target-table", line.target_table, "its copy on B");
  command->add_option("--rate", line.load.rate, "inserts a second")->check(CLI::Range(0.1, 100'000.0));
  command->add_option("--seconds", line.load.seconds, "how long")->check(CLI::Range(1, 3'600));
  command->add_option("--writers", line.load.writers, "connections to A")->check(CLI::Range(1, 100));
  command->add_option("--seed", line.load.seed, "of the arrivals");
  command->add_option("--json", line.json, "also write the figures to this file");
  return command;
}

// Figures do not depend on each other: one that fails keeps no other from being measured.
int measure_figures(const CLI::App& app, const Setup& setup) {
  int failed = 0;
  Field field(setup);
  for (const Command& figure : kFigures) {
    if (!app.got_subcommand(figure.name)) continue;
    const auto begin = std::chrono::steady_clock::now();
    try {
      figure.measure(field);
    } catch (const std::exception& error) {
      std::cerr << "bench " << figure.name << ": " << error.what() << "\n";
      ++failed;
    }
    const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - begin;
    std::cerr << fmt::format("{} took {:.0f} s\n", figure.name, taken.count());
  }
  return failed == 0 && field.all_started() ? 0 : 1;
}

int run(int argc, char** argv) {
  Setup setup;
  LineOptions line;
  CLI::App app("Measures Penstock and its rivals; bench/run starts the servers");
  app.fallthrough();  // options may stand behind the figures
  add_setup(app, setup);
  for (const Command& figure : kFigures) app.add_subcommand(figure.name, figure.what);
  const CLI::App* const running = add_line(app, line);
  app.require_subcommand();
  CLI11_PARSE(app, argc, argv);
  try {
    if (!*running) return measure_figures(app, setup);
    measure_line(line);
    return 0;
  } catch (const std::exception& error) {
    std::cerr << "bench: " << error.what() << "\n";
    return 1;
  }
}

}  // namespace
}  // namespace penstock::bench

int main(int argc, char** argv) { return penstock::bench::run(argc, argv); }
