#pragma once
#include <string>
#include <vector>

#include "apply/piece.hpp"
#include "apply/table/table_spec.hpp"
#include "kafka/properties.hpp"

namespace penstock::apply {

struct ApplierOptions {
  std::string pipeline;
  std::string target_dsn;  // secret
  kafka::Cluster consumer;
  std::string consumer_group;
  kafka::Cluster producer;  // for dead letters
  std::vector<TableSpec> tables;
  std::string dead_letter_topic;
  PieceLimits limits;
};

}  // namespace penstock::apply
