#pragma once
#include "harness/results.hpp"

namespace penstock::bench {

// So many changes are written while no reader runs; how long it takes until they are on B once it does, how the rate
// goes meanwhile, and what memory that takes.
void measure_backlog(const Field& field, Results& results, std::int64_t rows);

}  // namespace penstock::bench
