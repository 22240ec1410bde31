#include "support/memory_limit.hpp"

#include <fstream>
#include <random>
#include <stdexcept>
#include <string>

namespace penstock::test {
namespace {

const std::filesystem::path kRoot = "/sys/fs/cgroup";

void write(const std::filesystem::path& file, const std::string& text) {
  std::ofstream out(file);
  if (!(out << text).flush())
    throw std::runtime_error("cannot write " + file.string() + ": who runs this is not root?");
}

}  // namespace

MemoryLimit::MemoryLimit(int megabytes) {
  const bool unified = std::filesystem::exists(kRoot / "cgroup.controllers");
  if (unified) write(kRoot / "cgroup.subtree_control", "+memory");
  group_ = (unified ? kRoot : kRoot / "memory") / ("penstock-test-" + std::to_string(std::random_device{}()));
  std::filesystem::create_directory(group_);
  write(group_ / (unified ? "memory.max" : "memory.limit_in_bytes"), std::to_string(megabytes * (1LL << 20)));
}

MemoryLimit::~MemoryLimit() {
  std::error_code ignored;  // one that holds a process still goes with the machine
  std::filesystem::remove(group_, ignored);
}

void MemoryLimit::hold(const Process& process) const { write(group_ / "cgroup.procs", std::to_string(process.id())); }

}  // namespace penstock::test
