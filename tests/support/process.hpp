#pragma once
#include <sys/types.h>

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace penstock::test {

// A program that a test starts, kills and waits for. Killed with the object.
class Process {
 public:
  // stdout and stderr go to files; the environment is the test's own with `environment` added.
  Process(const std::vector<std::string>& command, std::string stdout_file, std::string stderr_file,
          const std::map<std::string, std::string>& environment = {});
  Process(Process&& other) noexcept;
  Process& operator=(Process&&) = delete;
  ~Process();

  pid_t id() const { return pid_; }
  void send(int signal) const;
  // The exit code, or minus the signal that ended it; nullopt: still running after `within`.
  std::optional<int> wait(std::chrono::milliseconds within);
  bool running();
  long peak_memory_kb() const;  // VmHWM, while it runs

 private:
  pid_t pid_ = -1;
  std::optional<int> ended_;
};

// What /proc says of a process under this name ("PPid:", "VmHWM:" in kB); 0 where it says nothing.
long status_number(pid_t process, const std::string& name);
// The text of a file.
std::string read_file(const std::string& path);

}  // namespace penstock::test
