#include <chrono>
#include <functional>
#include <iostream>
#include <limits>
#include <stdexcept>
#include <thread>

#include <spdlog/fmt/fmt.h>

#include "harness/runs.hpp"
#include "rivals/penstock.hpp"
#include "support/kafka_client.hpp"
#include "workloads/resources.hpp"

namespace penstock::bench {
namespace {

using namespace std::chrono_literals;

constexpr int kRepetitions = 5, kQuickRepetitions = 1;
constexpr std::int64_t kBacklog = 100'000, kQuickBacklog = 20'000;
constexpr IdRange kAll{0, std::numeric_limits<std::int32_t>::max()};
constexpr double kMoved_s = 60;
constexpr auto kPoll = 2ms;

double now_ms() {
  return std::chrono::duration<double, std::milli>(std::chrono::system_clock::now().time_since_epoch()).count();
}

// Where the topic of the table ends, asked over one connection.
class TopicEnd {
 public:
  explicit TopicEnd(const Place& place)
      : topic_(place.topic_prefix + ".public.employee"),
        client_(test::kafka_client(RD_KAFKA_PRODUCER, {{"bootstrap.servers", place.kafka}})) {}

  std::int64_t offset() const {
    std::int64_t low = 0, high = 0;
    test::check_kafka("the end of " + topic_, rd_kafka_query_watermark_offsets(client_.get(), topic_.c_str(), 0, &low,
                                                                               &high, test::kKafkaTimeout_ms));
    return high;
  }
  // When it was seen to lie behind this offset, in milliseconds since 1970.
  double await_behind(std::int64_t offset) const {
    const double deadline = now_ms() + kMoved_s * 1'000;
    while (this->offset() <= offset) {
      if (now_ms() > deadline) throw std::runtime_error("nothing has come to Kafka after the start");
      std::this_thread::sleep_for(kPoll);
    }
    return now_ms();
  }

 private:
  std::string topic_;
  test::KafkaClient client_;
};

// What moved after the start, counted from the process's exec.
struct Start {
  double to_kafka_ms = 0, to_b_ms = 0;  // the first change
  std::int64_t changes = 0;             // that were to be moved
};

class Starts {
 public:
  explicit Starts(const Field& field);

  Start after_stop();
  Start after_kill(std::int64_t backlog);

 private:
  Start start(IdRange changes);

  Scratch scratch_;  // outlives the replicator
  Penstock penstock_;
  TopicEnd topic_;
};

Starts::Starts(const Field& field)
    : scratch_(field.setup().kafka, "_start"),
      penstock_(scratch_.make_place(field.setup().a, field.setup().b, "line"), field.setup().penstock),
      topic_(penstock_.place()) {
  penstock_.start();
  await_row(penstock_, 60);
}

Start Starts::start(IdRange changes) {
  Side a = penstock_.side_a(), b = penstock_.side_b();
  const std::int64_t end = topic_.offset();
  const double begin = now_ms();
  penstock_.run();
  Start start;
  start.to_kafka_ms = topic_.await_behind(end) - begin;
  if (wait_for_rows(penstock_, a, b, changes, kMoved_s) != Arrived::all) {
    throw std::runtime_error("B has not all changes after the start");
  }
  expect_equal("penstock", a, b, kAll);
  double first = std::numeric_limits<double>::max();
  for (const auto& [id, committed] : commit_times(b, changes, CommitClock::transaction, "")) {
    if (committed < begin) continue;  // before the kill
    first = std::min(first, committed);
    ++start.changes;
  }
  if (start.changes == 0) throw std::runtime_error("B had all changes before the start");
  start.to_b_ms = first - begin;
  return start;
}

// The change was committed while it was down.
Start Starts::after_stop() {
  penstock_.stop();
  const std::int64_t id = penstock_.side_a().session.number(sql_file("insert_employee"), params_of(make_employee(0)));
  return start({id, id});
}

// It is killed when it has just been woken for the changes. What it had sent by then has reached Kafka before the end
// of the topic is read.
Start Starts::after_kill(std::int64_t backlog) {
  Side a = penstock_.side_a();
  const std::string last = "select max(emp_id) from employee";
  const std::int64_t before = a.session.number(last);
  a.session.rows(sql_file("bulk_insert"), pg::Params::of(backlog));
  penstock_.kill();
  std::this_thread::sleep_for(100ms);
  return start({before + 1, a.session.number(last)});
}

void measure(Results& results, const std::string& after, int repetition, const std::function<Start()>& start_again) {
  JsonObject json;
  json.set("kind", "start").set("after", after).set("repetition", repetition);
  try {
    const Start start = start_again();
    json.set("changes", start.changes).set("equal", true);
    json.set("to_kafka_ms", start.to_kafka_ms).set("to_b_ms", start.to_b_ms);
    results.add(json);
    std::cout << fmt::format(
                     "start after {}, {} changes to move: first in Kafka after {:.0f} ms, on B after {:.0f} ms\n",
                     after, start.changes, start.to_kafka_ms, start.to_b_ms)
              << std::flush;
  } catch (const std::exception& error) {
    results.refuse(json, error.what());
  }
}

}  // namespace

void measure_starts(const Field& field, Results& results) {
  const bool quick = field.setup().quick;
  Starts starts(field);
  for (int repetition = 1; repetition <= field.repetitions(quick ? kQuickRepetitions : kRepetitions); ++repetition) {
    measure(results, "stop", repetition, [&] { return starts.after_stop(); });
    measure(results, "kill", repetition, [&] { return starts.after_kill(quick ? kQuickBacklog : kBacklog); });
  }
}

}  // namespace penstock::bench
