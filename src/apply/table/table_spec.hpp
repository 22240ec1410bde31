#pragma once
#include <string>
#include <vector>

#include "model/pipeline_spec.hpp"

namespace penstock::apply {

using TableSpec = PipelineSpec::Table;
using RuleSpec = PipelineSpec::Rule;

inline std::vector<std::string> topics_of(const std::vector<TableSpec>& tables) {
  std::vector<std::string> topics;
  topics.reserve(tables.size());
  for (const auto& table : tables) topics.push_back(table.topic);
  return topics;
}

}  // namespace penstock::apply
