#pragma once
#include <filesystem>
#include <string>

#include "support/process.hpp"

namespace penstock::test {

// A control group of the kernel (version 1 or 2) that bounds what a process gets. Needs the right to make one (root).
class ControlGroup {
 public:
  enum class Of { memory, threads };
  // memory: bytes; a process that wants more is killed. threads: no more than so many.
  ControlGroup(Of what, long long most);
  ~ControlGroup();
  ControlGroup(const ControlGroup&) = delete;
  ControlGroup& operator=(const ControlGroup&) = delete;

  void hold(const Process& process) const;  // until it ends
  void allow(long long most) const;

 private:
  std::filesystem::path group_, limit_;
};

}  // namespace penstock::test
