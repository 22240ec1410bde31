#pragma once
#include <optional>
#include <string>
#include <vector>

#include "config/config.hpp"
#include "kafka/admin.hpp"
#include "model/pipeline_spec.hpp"

namespace penstock::ops {

// Whether Kafka answers, and takes us: throws Failure where not.
Task<void> ask_kafka(const Config& config);

// Checks the pipeline's topics that are there: partitions, cleanup policy, room for a row; and that one which is new to
// the pipeline holds no records (they would be somebody else's changes). before: what the last migrate stored. Throws
// Failure(usage) naming the topic. Returns those that are missing; changes nothing.
Task<std::vector<kafka::TopicSpec>> missing_topics(const Config& config, const PipelineSpec& spec,
                                                   const std::optional<PipelineSpec>& before);

Task<void> create_topics(const Config& config, const std::vector<kafka::TopicSpec>& topics);
Task<void> delete_topics(const Config& config, const std::vector<std::string>& names);

}  // namespace penstock::ops
