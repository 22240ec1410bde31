#include "base/fail_point.hpp"

#include <atomic>
#include <csignal>
#include <cstdlib>
#include <string>

namespace penstock {
namespace {

struct Armed {
  std::string name;
  std::atomic<int> passes_left{1};

  Armed() {
    const char* value = std::getenv("PENSTOCK_FAIL_POINT");
    if (value == nullptr) return;
    name = value;
    const auto colon = name.rfind(':');
    if (colon == std::string::npos) return;
    passes_left = std::atoi(name.c_str() + colon + 1);
    name.resize(colon);
  }
};

Armed& armed() {
  static Armed the_one;
  return the_one;
}

}  // namespace

bool fail_point_armed(std::string_view name) { return !armed().name.empty() && armed().name == name; }

bool fail_point_reached(std::string_view name) { return fail_point_armed(name) && --armed().passes_left == 0; }

void fail_point(std::string_view name) {
  if (fail_point_reached(name)) ::raise(SIGKILL);  // as a crash does: no destructor, no flush
}

}  // namespace penstock
