#pragma once
#include <filesystem>

#include "support/process.hpp"

namespace penstock::test {

// A control group of the kernel (version 1 or 2) in which a process that wants more memory than this is killed. Needs
// the right to make one (root).
class MemoryLimit {
 public:
  explicit MemoryLimit(int megabytes);
  ~MemoryLimit();
  MemoryLimit(const MemoryLimit&) = delete;
  MemoryLimit& operator=(const MemoryLimit&) = delete;

  void hold(const Process& process) const;  // until it ends

 private:
  std::filesystem::path group_;
};

}  // namespace penstock::test
