#include "harness/cpu_clock.hpp"

#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

#include "support/process.hpp"

namespace penstock::bench {
namespace {

std::string proc(pid_t process, const char* file) { return "/proc/" + std::to_string(process) + "/" + file; }

// utime, stime, cutime and cstime: fields 14 to 17 of stat, the name in field 2 may hold blanks.
double own_and_ended(pid_t process) {
  std::ifstream in(proc(process, "stat"));
  std::string line;
  if (!std::getline(in, line)) return 0;
  std::istringstream fields(line.substr(line.rfind(')') + 2));
  std::string skipped;
  for (int field = 3; field < 14; ++field) fields >> skipped;
  double ticks = 0;
  for (int field = 14; field <= 17; ++field) {
    double one = 0;
    fields >> one;
    ticks += one;
  }
  return ticks / static_cast<double>(::sysconf(_SC_CLK_TCK));
}

std::vector<pid_t> children_of(pid_t process) {
  std::vector<pid_t> all;
  std::error_code gone;
  for (const auto& thread : std::filesystem::directory_iterator(proc(process, "task"), gone)) {
    std::ifstream in(thread.path() / "children");
    for (pid_t child = 0; in >> child;) all.push_back(child);
  }
  return all;
}

}  // namespace

double cpu_seconds(pid_t process) { return own_and_ended(process) + cpu_seconds(children_of(process)); }

double cpu_seconds(const std::vector<pid_t>& processes) {
  double all = 0;
  for (const pid_t process : processes) all += cpu_seconds(process);
  return all;
}

double thread_seconds(pid_t process) {
  double nanoseconds = 0;
  std::error_code gone;
  for (const auto& thread : std::filesystem::directory_iterator(proc(process, "task"), gone)) {
    std::ifstream in(thread.path() / "schedstat");
    double running = 0;
    if (in >> running) nanoseconds += running;
  }
  return nanoseconds / 1e9;
}

double peak_memory_mb(pid_t process) { return static_cast<double>(test::status_number(process, "VmHWM:")) / 1024; }

void forget_peak(pid_t process) { std::ofstream(proc(process, "clear_refs")) << "5"; }

}  // namespace penstock::bench
