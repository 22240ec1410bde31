#pragma once
#include <optional>
#include <string>
#include <vector>

#include "config/config.hpp"
#include "model/pipeline_spec.hpp"
#include "pg/connection.hpp"

namespace penstock::ops {

struct BackfillOptions {
  std::string table;                 // as configured
  std::optional<std::string> where;  // only rows of A that this predicate is true for
  bool wait = true;                  // until B has it
};

// Copies a table again through the stream, so that the order with live changes holds. Without `where` it is equal
// afterwards: rows that B has and A has not are deleted. What is asked for is durable on A before anything is waited
// for. Returns false when the wait ended because nothing moved. Throws Failure(usage): no such table, a predicate that
// A does not understand.
Task<bool> backfill(const Config& config, const BackfillOptions& options);

// Asks the reader of A's journal for rows of a table by key objects: as they stand on A when it takes the request up,
// or their absence.
Task<void> request_rows(pg::Connection& a, const std::string& pipeline, const std::string& relation,
                        const std::vector<std::string>& keys);

// Asks for the whole table, and for the keys that only B has. Both sessions run sql/common/verify_session.sql before.
Task<void> request_table(pg::Connection& a, pg::Connection& b, const std::string& pipeline,
                         const PipelineSpec::Table& table);

// Asks for the keys that only B has; returns how many. Both sessions run sql/common/verify_session.sql before.
Task<std::int64_t> request_extra_rows(pg::Connection& a, pg::Connection& b, const std::string& pipeline,
                                      const PipelineSpec::Table& table);

}  // namespace penstock::ops
