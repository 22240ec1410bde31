#pragma once
#include <cstdint>
#include <string>
#include <vector>

namespace penstock::apply {

struct RuleSpec {
  std::string name;
  std::string check;  // a SQL predicate on the target's columns; NULL passes
};

// One table of the pipeline, resolved.
struct TableSpec {
  std::string relation;       // as in the journal, canonical: public.employee_a
  std::string source_schema;  // as in the envelope, not quoted
  std::string source_table;
  std::string target;         // on B, quoted where SQL needs it, with its schema
  std::vector<std::string> key;  // column names, not quoted, in key order
  std::string topic;
  std::int32_t partitions = 1;
  std::vector<RuleSpec> rules;
};

}  // namespace penstock::apply
