#pragma once
#include <string>
#include <vector>

#include "model/pipeline_spec.hpp"
#include "pg/connection.hpp"

namespace penstock::ops {

// What can be compared of a table while its columns are not the same on both sides. Names, not quoted.
struct SharedColumns {
  std::vector<std::string> both;
  std::vector<std::string> on_a_alone;
  std::vector<std::string> on_b_alone;
};

// Throws Failure(setup) where a column of the key is not on both sides.
Task<SharedColumns> shared_columns(pg::Connection& a, pg::Connection& b, const PipelineSpec::Table& table);

}  // namespace penstock::ops
