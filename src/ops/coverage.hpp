#pragma once
#include <chrono>
#include <string>

#include "pg/connection.hpp"

namespace penstock::ops {

// Waits until B has all that a snapshot of A sees: once no journal row visible in it lies outside the newest slot's
// batch k, until B has batch k. False: nothing moved for `patience`.
Task<bool> wait_until_covered(pg::Connection& a, pg::Connection& b, const std::string& pipeline,
                              const std::string& snapshot, std::chrono::seconds patience);

}  // namespace penstock::ops
