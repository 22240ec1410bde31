// wakeup: a single change after silence, when caches are cold and whoever sleeps must be woken. All rivals are silent
// at the same time, so that one silence serves them all; who is asked first is shuffled.
#include <algorithm>
#include <chrono>
#include <iostream>
#include <random>
#include <thread>

#include <spdlog/fmt/fmt.h>

#include "harness/results.hpp"
#include "harness/runs.hpp"
#include "workloads/workload.hpp"

namespace penstock::bench {
namespace {

struct Silence {
  double seconds;
  int times;
};

constexpr Silence kSilences[] = {{2, 5}, {60, 2}};
constexpr Silence kQuickSilences[] = {{2, 2}};
constexpr auto kBetween = std::chrono::milliseconds(500);  // what one rival did has died down

void measure(Results& results, Rival& rival, const Silence& silence, int repetition) {
  // A rate that gives one arrival.
  const LatencyRun run = measure_latency(rival, {.rate = 1e-9, .seconds = 0.1, .writers = 1}, nullptr);
  if (!run.commit_to_commit) throw std::runtime_error(rival.name() + " did not copy a single change");
  JsonObject json;
  json.set("rival", rival.name()).set("repetition", repetition).set("silence_s", silence.seconds);
  json.set("commit_to_commit_ms", run.commit_to_commit->max);
  results.add(json);
  std::cout << fmt::format("after {:>2} s  {:<10} {:.2f} ms\n", silence.seconds, rival.name(),
                           run.commit_to_commit->max)
            << std::flush;
}

}  // namespace

void measure_wakeups(Field& field) {
  Results results(field, "wakeup");
  RivalList rivals = field.rivals({"floor", "penstock", "native"});
  std::mt19937_64 random(field.setup().seed);
  for (Rival* const rival : rivals) begin_turn(*rival);
  const std::span<const Silence> quick = kQuickSilences, usual = kSilences;
  for (const Silence& silence : field.setup().quick ? quick : usual) {
    for (int repetition = 1; repetition <= silence.times; ++repetition) {
      std::this_thread::sleep_for(std::chrono::duration<double>(silence.seconds));
      std::shuffle(rivals.begin(), rivals.end(), random);
      for (Rival* const rival : rivals) {
        measure(results, *rival, silence, repetition);
        std::this_thread::sleep_for(kBetween);
      }
    }
  }
  for (Rival* const rival : rivals) rival->pause();
  results.save();
}

}  // namespace penstock::bench
