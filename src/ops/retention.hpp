#pragma once
#include <string>
#include <vector>

#include "config/config.hpp"
#include "model/pipeline_spec.hpp"
#include "pg/connection.hpp"

namespace penstock::ops {

// What the retention of the tables' topics may cost, or has cost: each problem names the topic and the cure.
Task<std::vector<std::string>> retention_problems(const Config& config, const PipelineSpec& spec, pg::Connection& b);

}  // namespace penstock::ops
