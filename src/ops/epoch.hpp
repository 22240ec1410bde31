#pragma once
#include <string>

#include "config/config.hpp"
#include "model/pipeline_spec.hpp"
#include "pg/connection.hpp"

namespace penstock::ops {

// Why A cannot be the database any more that B was copied from, and what to do; empty: it may be. Reads B first, then
// A, so that a replicator at work is no break. A and B may have no schema penstock yet.
Task<std::string> broken_chain(pg::Connection& a, pg::Connection& b, const std::string& pipeline);

// Accepts A as it is now, whatever B, Kafka and the slot say: a new epoch on A and on B, in which all tables are copied
// again and what only B has is deleted. By the holder of the locks `capture` and `apply`, behind the triggers' commit.
// Interrupted, it leaves a broken chain, to be begun once more.
Task<void> begin_epoch(const Config& config, const PipelineSpec& spec, pg::Connection& a, pg::Connection& b);

}  // namespace penstock::ops
