#pragma once
#include "harness/results.hpp"
#include "harness/runs.hpp"

namespace penstock::bench {

// Latency of single changes on another table while an UPDATE of so many rows in one transaction passes. Throws Unequal.
void measure_beside(const Field& field, Results& results, Rival& rival, std::int64_t rows);

// The highest rate of single-row commits from 32 writers at which the lag stays bounded. Throws Unequal.
void measure_sustained(const Field& field, Results& results, Rival& rival);

}  // namespace penstock::bench
