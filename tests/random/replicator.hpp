#pragma once
#include <atomic>
#include <functional>
#include <mutex>
#include <string>
#include <thread>

#include "random/random.hpp"
#include "support/line.hpp"

namespace penstock::test {

// `penstock run` in the background for as long as the object lives, killed and started again now and then.
class Replicator {
 public:
  Replicator(std::uint64_t seed, Line& line, bool with_kills);
  ~Replicator();

  // Acts while none runs: `migrate` wants that where the configuration changed.
  void while_stopped(const std::function<void()>& act);

 private:
  void run();
  void run_once();

  Random random_;
  Line& line_;
  const bool with_kills_;
  std::atomic<bool> done_ = false, stop_ = false;
  std::mutex running_;
  std::thread thread_;
};

}  // namespace penstock::test
