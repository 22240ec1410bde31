#include "support/control_group.hpp"

#include <fstream>
#include <random>
#include <stdexcept>

namespace penstock::test {
namespace {

const std::filesystem::path kRoot = "/sys/fs/cgroup";

void write(const std::filesystem::path& file, const std::string& text) {
  std::ofstream out(file);
  if (!(out << text).flush())
    throw std::runtime_error("cannot write " + file.string() + ": who runs this is not root?");
}

}  // namespace

ControlGroup::ControlGroup(Of what, long long most) {
  const bool unified = std::filesystem::exists(kRoot / "cgroup.controllers");
  const std::string controller = what == Of::memory ? "memory" : "pids";
  if (unified) write(kRoot / "cgroup.subtree_control", "+" + controller);
  group_ = (unified ? kRoot : kRoot / controller) / ("penstock-test-" + std::to_string(std::random_device{}()));
  std::filesystem::create_directory(group_);
  limit_ = group_ / (what == Of::threads ? "pids.max" : unified ? "memory.max" : "memory.limit_in_bytes");
  allow(most);
}

ControlGroup::~ControlGroup() {
  std::error_code ignored;  // one that holds a process still goes with the machine
  std::filesystem::remove(group_, ignored);
}

void ControlGroup::allow(long long most) const { write(limit_, std::to_string(most)); }

void ControlGroup::hold(const Process& process) const { write(group_ / "cgroup.procs", std::to_string(process.id())); }

}  // namespace penstock::test
