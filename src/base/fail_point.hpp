#pragma once
#include <string_view>

namespace penstock {

// A named place where a crash would hurt most. With PENSTOCK_FAIL_POINT=name (or name:3 for the third time it is
// passed) in the environment the process kills itself there with SIGKILL; otherwise it costs one comparison.
// The names are listed in tests/fault/README.md, and a test kills the process at every one of them.
void fail_point(std::string_view name);

}  // namespace penstock
