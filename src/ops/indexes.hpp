#pragma once
#include <string>

#include "ops/resolve.hpp"

namespace penstock::ops {

// Builds the unique index concurrently (writers go on meanwhile), says so before, and gives its name, quoted, with its
// schema. What an interrupted build left is dropped first. Throws Failure(usage) where the table holds duplicates.
Task<std::string> build_unique_index(pg::Connection& connection, const std::string& side, const std::string& pipeline,
                                     const IndexToBuild& wanted);

}  // namespace penstock::ops
