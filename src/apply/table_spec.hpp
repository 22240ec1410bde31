#pragma once
#include "model/pipeline_spec.hpp"

namespace penstock::apply {

using TableSpec = PipelineSpec::Table;
using RuleSpec = PipelineSpec::Rule;

}  // namespace penstock::apply
