#include "random/replicator.hpp"

#include <csignal>

#include <gtest/gtest.h>

namespace penstock::test {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

Replicator::Replicator(std::uint64_t seed, Line& line, const ReplicatorOptions& options)
    : line_(line), options_(options), with_kills_(options.with_kills), processes_(options.roles.size()) {
  for (std::size_t i = 0; i < processes_.size(); ++i) {
    threads_.emplace_back([this, i, random = Random(seed + i)] { run(i, random); });
  }
}

Replicator::~Replicator() {
  done_ = true;
  for (auto& thread : threads_) thread.join();
}

void Replicator::while_stopped(const std::function<void()>& act) {
  stop_ = true;
  {
    const std::unique_lock lock(running_);
    act();
  }
  stop_ = false;
}

void Replicator::freeze(std::size_t process, std::chrono::milliseconds duration) {
  signal(process, SIGSTOP);
  std::this_thread::sleep_for(duration);
  signal(process, SIGCONT);
}

void Replicator::run(std::size_t number, Random random) {
  while (!done_) {
    if (!stop_) run_once(number, std::chrono::milliseconds(random.between(300, options_.longest_life.count())));
    std::this_thread::sleep_for(5ms);
  }
}

void Replicator::run_once(std::size_t number, std::chrono::milliseconds life) {
  const std::shared_lock lock(running_);
  Process process = line_.start(options_.roles[number]);
  set_running(number, &process);
  const auto death = Clock::now() + life;
  while (!done_ && !stop_ && (!with_kills_ || Clock::now() < death)) std::this_thread::sleep_for(10ms);
  EXPECT_TRUE(process.running());
  set_running(number, nullptr);
  process.send(SIGKILL);
  process.wait(5s);
}

void Replicator::set_running(std::size_t number, const Process* process) {
  const std::lock_guard lock(signals_);
  processes_[number] = process;
}

void Replicator::signal(std::size_t number, int which) {
  const std::lock_guard lock(signals_);
  if (processes_[number] != nullptr) processes_[number]->send(which);
}

}  // namespace penstock::test
