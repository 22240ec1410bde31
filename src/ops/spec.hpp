#pragma once
#include <string>

#include "config/config.hpp"
#include "model/pipeline_spec.hpp"
#include "pg/connection.hpp"

namespace penstock::ops {

// The part of the configuration that `migrate` acts on, as one canonical text: tables, keys, rules, topics, snapshot.
// Servers' addresses and Kafka's tuning may change without it.
std::string written_form(const Config& config);

// What the last `migrate` stored on this database; nullopt: nothing.
Task<std::optional<PipelineSpec>> spec_if_stored(pg::Connection& connection, const std::string& pipeline);

// The same. Throws Failure(usage) where `migrate` never ran for this pipeline.
Task<PipelineSpec> stored_spec(pg::Connection& connection, const std::string& pipeline);

// The same for `run`: throws Failure(usage) also where the file was changed since.
Task<PipelineSpec> load_spec(const Config& config, pg::Connection& connection);

// The table that a name on the command line means: a source, as SQL writes it. Throws Failure(usage) naming the
// nearest.
const PipelineSpec::Table& table_named(const PipelineSpec& spec, const std::string& name);

// Stores it; on A and on B.
Task<void> store_spec(pg::Connection& connection, const PipelineSpec& spec);

}  // namespace penstock::ops
