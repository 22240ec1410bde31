#include "random/replicator.hpp"

#include <chrono>
#include <csignal>

#include <gtest/gtest.h>

namespace penstock::test {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

Replicator::Replicator(std::uint64_t seed, Line& line, bool with_kills)
    : random_(seed), line_(line), with_kills_(with_kills), thread_([this] { run(); }) {}

Replicator::~Replicator() {
  done_ = true;
  thread_.join();
}

void Replicator::while_stopped(const std::function<void()>& act) {
  stop_ = true;
  {
    const std::lock_guard lock(running_);
    act();
  }
  stop_ = false;
}

void Replicator::run() {
  while (!done_) {
    if (!stop_) run_once();
    std::this_thread::sleep_for(5ms);
  }
}

void Replicator::run_once() {
  const std::lock_guard lock(running_);
  Process process = line_.start();
  const auto death = Clock::now() + (with_kills_ ? std::chrono::milliseconds(random_.between(300, 2'000)) : 1h);
  while (!done_ && !stop_ && Clock::now() < death) std::this_thread::sleep_for(10ms);
  EXPECT_TRUE(process.running());
  process.send(SIGKILL);
  process.wait(5s);
}

}  // namespace penstock::test
