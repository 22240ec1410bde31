#pragma once
#include "harness/results.hpp"
#include "harness/runs.hpp"

namespace penstock::bench {

// Latency of single changes on another table while an UPDATE of so many rows in one transaction passes.
void measure_beside(const Field& field, Results& results, const RivalList& rivals, std::int64_t rows);

// The highest rate of single-row commits from 32 writers at which the lag stays bounded.
void measure_sustained(const Field& field, Results& results, const RivalList& rivals);

}  // namespace penstock::bench
