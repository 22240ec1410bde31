#pragma once
#include <sys/types.h>

#include <vector>

namespace penstock::bench {

// Processor time of a process in seconds: its own, that of its descendants, and that of those which have ended (a
// PostgreSQL server's sessions). 0 for a process that is gone.
double cpu_seconds(pid_t process);
double cpu_seconds(const std::vector<pid_t>& processes);

// Processor time of the threads that a process has now, in seconds: its own alone, but to the nanosecond, where the
// other counts in ticks of 10 ms.
double thread_seconds(pid_t process);

// The most memory a process has held since the last forget_peak(), in MB (VmHWM).
double peak_memory_mb(pid_t process);
void forget_peak(pid_t process);

}  // namespace penstock::bench
