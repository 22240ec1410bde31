#pragma once
#include "harness/results.hpp"

namespace penstock::bench {

// What pipelines cost with nothing to do: one, then many, a process and a table each.
void measure_idle(const Field& field, Results& results);

// How soon after the start of the process the first change has moved: after an orderly stop, and after SIGKILL with
// many changes to move.
void measure_starts(const Field& field, Results& results);

}  // namespace penstock::bench
