// A wall clock that can be stepped while a program runs, preloaded into it (LD_PRELOAD): as many seconds off the
// machine's as the file named by PENSTOCK_TEST_CLOCK says in its first eight bytes. The steady clock is left alone, and
// a timed wait of C11 goes by the wall clock all the time it lasts, as in the kernel: when the clock is set back, a
// wait under way becomes longer. A library of its own, since nothing else may be overridden by it.
#include <dlfcn.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <threads.h>
#include <unistd.h>

#include <cstdlib>
#include <ctime>

namespace {

constexpr long kSlice_ns = 20'000'000;

const volatile long* map_offset() {
  const char* file = std::getenv("PENSTOCK_TEST_CLOCK");
  const int descriptor = file == nullptr ? -1 : ::open(file, O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) std::abort();
  void* const page = ::mmap(nullptr, sizeof(long), PROT_READ, MAP_SHARED, descriptor, 0);
  if (page == MAP_FAILED) std::abort();
  ::close(descriptor);
  return static_cast<const volatile long*>(page);
}

long offset() {
  static const volatile long* const seconds = map_offset();
  return *seconds;
}

timespec machine(clockid_t clock) {
  timespec now{};
  ::syscall(SYS_clock_gettime, clock, &now);
  return now;
}

bool reached(const timespec& point) {
  const timespec now = machine(CLOCK_REALTIME);
  const long seconds = now.tv_sec + offset();
  return seconds > point.tv_sec || (seconds == point.tv_sec && now.tv_nsec >= point.tv_nsec);
}

}  // namespace

extern "C" {

int clock_gettime(clockid_t clock, timespec* now) noexcept {
  *now = machine(clock);
  if (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE) now->tv_sec += offset();
  return 0;
}

int gettimeofday(timeval* now, void*) noexcept {
  const timespec exact = machine(CLOCK_REALTIME);
  *now = {exact.tv_sec + offset(), exact.tv_nsec / 1'000};
  return 0;
}

time_t time(time_t* now) noexcept {
  const time_t seconds = machine(CLOCK_REALTIME).tv_sec + offset();
  if (now != nullptr) *now = seconds;
  return seconds;
}

int timespec_get(timespec* now, int base) noexcept {
  ::clock_gettime(CLOCK_REALTIME, now);
  return base;
}

// In slices, so that a step takes effect in the middle of a wait.
int cnd_timedwait(cnd_t* condition, mtx_t* mutex, const timespec* until) {
  using Wait = int (*)(cnd_t*, mtx_t*, const timespec*);
  static const auto wait = reinterpret_cast<Wait>(::dlsym(RTLD_NEXT, "cnd_timedwait"));
  while (!reached(*until)) {
    timespec slice = machine(CLOCK_REALTIME);
    slice.tv_nsec += kSlice_ns;
    slice.tv_sec += slice.tv_nsec / 1'000'000'000;
    slice.tv_nsec %= 1'000'000'000;
    const int result = wait(condition, mutex, &slice);
    if (result != thrd_timedout) return result;
  }
  return thrd_timedout;
}

}  // extern "C"
