#include <algorithm>
#include <chrono>
#include <iostream>
#include <memory>
#include <thread>

#include <spdlog/fmt/fmt.h>

#include "harness/cpu_clock.hpp"
#include "harness/runs.hpp"
#include "rivals/penstock.hpp"
#include "workloads/resources.hpp"

namespace penstock::bench {
namespace {

struct Sizes {
  int pipelines;
  double settle_s, seconds;  // until they are at rest, and how long is looked
  int repetitions;
};

// The server is told of a session's transactions up to 10 s late: not in a short look, and never to the last one.
constexpr Sizes kSizes{100, 10, 20, 1};
constexpr Sizes kQuickSizes{4, 1, 4, 1};

// Sums since the servers and processes began.
struct Reading {
  double wall_s = 0, own_s = 0, a_s = 0, b_s = 0, kafka_s = 0;
  std::int64_t transactions = 0;  // on A
};

class Idle {
 public:
  explicit Idle(const Field& field);

  void start_up_to(int pipelines);
  void settle(double seconds);
  void measure(Results& results, double seconds, int repetition);

 private:
  void start_one();
  Reading read();

  const Setup& setup_;
  Scratch scratch_;  // outlives the replicators
  std::string a_, b_;
  Session referee_;  // in a database of its own: its transactions are not counted
  pid_t server_a_, server_b_;
  std::vector<std::unique_ptr<Penstock>> all_;
};

Idle::Idle(const Field& field)
    : setup_(field.setup()),
      scratch_(setup_.kafka, "_idle"),
      a_(scratch_.make_database(setup_.a, "a")),
      b_(scratch_.make_database(setup_.b, "b")),
      referee_(setup_.a),
      server_a_(server_process(a_)),
      server_b_(server_process(b_)) {
  for (const std::string& dsn : {a_, b_}) Session(dsn).run(sql_file("employee"));
}

void Idle::start_up_to(int pipelines) {
  while (std::ssize(all_) < pipelines) start_one();
}

// A table and a process each: a process runs one pipeline.
void Idle::start_one() {
  const std::string name = "idle" + std::to_string(all_.size());
  for (const std::string& dsn : {a_, b_}) Session(dsn).run("create table " + name + " (like employee including all)");
  Place place{.dsn_a = a_,
              .dsn_b = b_,
              .kafka = setup_.kafka,
              .topic_prefix = scratch_.token() + "_" + name,
              .directory = scratch_.make_directory(name),
              .table_a = name,
              .table_b = name};
  all_.push_back(std::make_unique<Penstock>(std::move(place), setup_.penstock,
                                            PenstockSettings{.name = name, .tables = table_alone(name)}));
  all_.back()->start();
}

// Every one has copied a row: it runs.
void Idle::settle(double seconds) {
  for (const auto& one : all_) await_row(*one, 60);
  std::this_thread::sleep_for(std::chrono::duration<double>(seconds));
}

Reading Idle::read() {
  Reading now;
  for (const auto& one : all_) now.own_s += thread_seconds(one->processes().at(0));
  now.a_s = cpu_seconds(server_a_);
  now.b_s = cpu_seconds(server_b_);
  if (setup_.kafka_process != 0) now.kafka_s = cpu_seconds(setup_.kafka_process);
  now.transactions = referee_.number("select xact_commit from pg_stat_database where datname = $1",
                                     pg::Params::of(scratch_.token() + "_a"));
  now.wall_s = std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
  return now;
}

void Idle::measure(Results& results, double seconds, int repetition) {
  for (const auto& one : all_) forget_peak(one->processes().at(0));
  const Reading before = read();
  std::this_thread::sleep_for(std::chrono::duration<double>(seconds));
  const Reading after = read();
  double memory_mb = 0;
  for (const auto& one : all_) memory_mb = std::max(memory_mb, peak_memory_mb(one->processes().at(0)));
  const double wall_s = after.wall_s - before.wall_s;
  const auto pipelines = static_cast<double>(all_.size());
  const auto percent = [&](double Reading::*who) { return 100 * (after.*who - before.*who) / wall_s / pipelines; };
  const double transactions = static_cast<double>(after.transactions - before.transactions) / wall_s / pipelines;
  JsonObject json;
  json.set("kind", "idle").set("pipelines", std::ssize(all_)).set("repetition", repetition).set("seconds", wall_s);
  json.set("own_percent", percent(&Reading::own_s)).set("a_percent", percent(&Reading::a_s));
  json.set("b_percent", percent(&Reading::b_s)).set("kafka_percent", percent(&Reading::kafka_s));
  json.set("transactions_per_second", transactions).set("memory_mb", memory_mb);
  results.add(json);
  std::cout
      << fmt::format(
             "{:>3} pipelines at rest, each: {:.3f} % of a core, {:.2f} transactions/s on A, {:.0f} MB; A {:.3f} %, "
             "B {:.3f} %, Kafka {:.3f} %\n",
             all_.size(), percent(&Reading::own_s), transactions, memory_mb, percent(&Reading::a_s),
             percent(&Reading::b_s), percent(&Reading::kafka_s))
      << std::flush;
}

}  // namespace

void measure_idle(const Field& field, Results& results) {
  const Sizes& sizes = field.setup().quick ? kQuickSizes : kSizes;
  Idle idle(field);
  for (const int pipelines : {1, sizes.pipelines}) {
    idle.start_up_to(pipelines);
    idle.settle(sizes.settle_s);
    for (int repetition = 1; repetition <= field.repetitions(sizes.repetitions); ++repetition) {
      idle.measure(results, sizes.seconds, repetition);
    }
  }
}

}  // namespace penstock::bench
