#pragma once
#include <atomic>
#include <thread>

#include "support/line.hpp"
#include "support/writers.hpp"

namespace penstock::test {

// Writers on employee_a from construction to stop(), whatever happens to the servers meanwhile, and however long it
// takes.
class Load {
 public:
  // `round`: what they do again and again, each time with another seed.
  explicit Load(const Line& line, WriterOptions round = {.connections = 3,
                                                         .duration = std::chrono::milliseconds{500},
                                                         .bad_share = 0.05,
                                                         .pause = std::chrono::milliseconds{20}});
  ~Load();
  Load(const Load&) = delete;
  Load& operator=(const Load&) = delete;

  WriterReport stop();  // what they did all in all

 private:
  std::atomic<bool> stopping_ = false;
  WriterReport report_;
  std::thread thread_;
};

}  // namespace penstock::test
