#pragma once
#include <atomic>
#include <thread>

#include "support/line.hpp"
#include "support/writers.hpp"

namespace penstock::test {

// Writers on employee_a from construction to stop(), whatever happens to the servers meanwhile. One row in twenty is
// bad.
class Load {
 public:
  explicit Load(const Line& line);
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
