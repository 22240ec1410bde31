#pragma once
#include <cstdint>
#include <map>

#include "config/config.hpp"
#include "kafka/admin.hpp"
#include "model/pipeline_spec.hpp"
#include "pg/connection.hpp"

namespace penstock::ops {

// Offsets behind the last record of each partition.
using PartitionEnds = std::map<kafka::TopicPartition, std::int64_t>;

// What Kafka holds of the pipeline's tables. Throws what kafka::Admin throws.
Task<PartitionEnds> ends_in_kafka(const Config& config, const PipelineSpec& spec);

// What B has, under consistency = "key"; a partition that B never had anything of is left out.
Task<PartitionEnds> ends_on_b(pg::Connection& b, const std::string& pipeline);

// B has all of it.
bool reached(const PartitionEnds& wanted, const PartitionEnds& there);

}  // namespace penstock::ops
