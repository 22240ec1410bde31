#pragma once
#include "base/error.hpp"

namespace penstock::detail {
[[noreturn]] void check_failed(const char* expression, const char* file, int line);
}

// For our own bugs, never for input; one fact each; on in release builds. Throws Failure(bug).
#define PENSTOCK_CHECK(expression) \
  ((expression) ? void(0) : ::penstock::detail::check_failed(#expression, __FILE__, __LINE__))
