#pragma once
#include <string>

#include "ops/resolve.hpp"

namespace penstock::ops {

// Builds the unique index concurrently (writers go on meanwhile), and says so before. What an interrupted build left is
// dropped first. Throws Failure(usage) where the table holds duplicates.
Task<void> build_unique_index(pg::Connection& connection, const std::string& side, const IndexToBuild& index);

// Drops an index that was built so, concurrently.
Task<void> drop_index(pg::Connection& connection, const std::string& side, const std::string& name);

}  // namespace penstock::ops
