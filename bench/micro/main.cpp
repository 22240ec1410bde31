// The microbenchmarks: what each station of a change's way through the program costs. bench/micro/run is the way in.
//   penstock_micro [--rounds=N] [Google Benchmark's options]    N: so often, instead of until the time is certain
#include <cstdlib>
#include <cstring>
#include <new>

#include <benchmark/benchmark.h>

#include "micro/hot.hpp"

namespace {

std::size_t allocations = 0;  // of this thread's code: librdkafka's threads do not use operator new

}  // namespace

void* operator new(std::size_t size) {
  ++allocations;
  if (void* const memory = std::malloc(size == 0 ? 1 : size)) return memory;
  throw std::bad_alloc();
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }

// Callgrind counts what happens within it, by its name.
extern "C" [[gnu::noinline]] std::size_t penstock_micro_round(const penstock::bench::Round& round) { return round(); }

namespace penstock::bench {
namespace {

void measure(benchmark::State& state, const Hot& hot) {
  Samples samples;
  const Round round = hot.prepare(samples);
  std::size_t bytes = penstock_micro_round(round);  // memory that is kept between rounds is there from now on
  const std::size_t before = allocations;
  for (auto _ : state) bytes = penstock_micro_round(round);
  const auto changes = static_cast<double>(state.iterations()) * static_cast<double>(Samples::kChanges);
  const auto allocated = static_cast<double>(allocations - before);
  state.SetItemsProcessed(static_cast<std::int64_t>(changes));
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(bytes));
  state.counters["allocations"] = allocated / changes;
  state.counters["each"] = benchmark::Counter(changes, benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}

long rounds_in(int& argc, char** argv) {
  constexpr const char* kRounds = "--rounds=";
  long rounds = 0;
  int kept = 1;
  for (int i = 1; i < argc; ++i) {
    if (std::strncmp(argv[i], kRounds, std::strlen(kRounds)) == 0) {
      rounds = std::strtol(argv[i] + std::strlen(kRounds), nullptr, 10);
    } else {
      argv[kept++] = argv[i];
    }
  }
  argc = kept;
  return rounds;
}

int run(int argc, char** argv) {
  const long rounds = rounds_in(argc, argv);
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
  for (const Hot& hot : hot_functions()) {
    auto* const one = benchmark::RegisterBenchmark(hot.name, measure, hot);
    one->Unit(benchmark::kMicrosecond);
    if (rounds > 0) one->Iterations(rounds);
  }
  return benchmark::RunSpecifiedBenchmarks() > 0 ? 0 : 1;
}

}  // namespace
}  // namespace penstock::bench

int main(int argc, char** argv) { return penstock::bench::run(argc, argv); }
