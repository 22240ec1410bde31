#pragma once
#include <atomic>
#include <chrono>
#include <functional>
#include <mutex>
#include <shared_mutex>
#include <string>
#include <thread>
#include <vector>

#include "random/random.hpp"
#include "support/line.hpp"

namespace penstock::test {

struct ReplicatorOptions {
  std::vector<std::string> roles{"all"};  // a process each; of two that could do the same, one stands by
  bool with_kills = true;                 // each is killed and started again now and then
  std::chrono::milliseconds longest_life{2'000};
};

// `penstock run` in the background for as long as the object lives.
class Replicator {
 public:
  Replicator(std::uint64_t seed, Line& line, const ReplicatorOptions& options);
  ~Replicator();

  // Acts while none runs: `migrate` wants that where the configuration changed.
  void while_stopped(const std::function<void()>& act);
  // SIGSTOP, and after a while SIGCONT, to the process of that number.
  void freeze(std::size_t process, std::chrono::milliseconds duration);
  void stop_kills() { with_kills_ = false; }
  std::size_t processes() const { return threads_.size(); }

 private:
  void run(std::size_t number, Random random);
  void run_once(std::size_t number, std::chrono::milliseconds life);
  void set_running(std::size_t number, const Process* process);
  void signal(std::size_t number, int which);

  Line& line_;
  const ReplicatorOptions options_;
  std::atomic<bool> done_ = false, stop_ = false, with_kills_;
  std::shared_mutex running_;  // shared by all that run
  std::mutex signals_;
  std::vector<const Process*> processes_;  // nullptr: is not running just now
  std::vector<std::thread> threads_;
};

}  // namespace penstock::test
