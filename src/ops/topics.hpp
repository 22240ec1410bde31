#pragma once
#include <set>
#include <string>

#include "config/config.hpp"
#include "kafka/admin.hpp"
#include "model/pipeline_spec.hpp"

namespace penstock::ops {

// Every topic of the pipeline, dead letters last.
std::vector<kafka::TopicSpec> topics_of(const Config& config, const PipelineSpec& spec);

// Creates the topics that are missing and checks those that are there: partitions, cleanup policy. With `must_be_empty`
// an existing topic that holds records is refused too (a first installation: they would be somebody else's changes).
// Throws Failure(usage) naming the topic. Returns the names created.
Task<std::vector<std::string>> make_topics(const Config& config, const PipelineSpec& spec, bool must_be_empty);

Task<void> delete_topics(const Config& config, const PipelineSpec& spec);

}  // namespace penstock::ops
