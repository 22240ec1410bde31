#pragma once
#include <string_view>

namespace penstock {

// A named place where a crash would hurt most. With PENSTOCK_FAIL_POINT=name (or name:3 for the third time it is
// passed) in the environment the process kills itself there with SIGKILL; otherwise it costs one comparison.
// The names are listed in tests/fault/README.md, and a test kills the process at every one of them.
void fail_point(std::string_view name);

// Whether a test means to kill the process there: for a path that leaves no moment between two steps, and must then
// take them one by one.
bool fail_point_armed(std::string_view name);

// The same moment for an accident that does not end the process: true the n-th time it is passed.
bool fail_point_reached(std::string_view name);

}  // namespace penstock
