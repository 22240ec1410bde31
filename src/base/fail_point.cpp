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

}  // namespace

void fail_point(std::string_view name) {
  static Armed armed;
  if (armed.name.empty() || armed.name != name) return;
  if (--armed.passes_left == 0) ::raise(SIGKILL);  // as a crash does: no destructor, no flush
}

}  // namespace penstock
