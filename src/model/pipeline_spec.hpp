#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace penstock {

// A pipeline as `migrate` resolved it on the servers; what capture, publish and apply work by. Stored as JSON in
// penstock.pipeline on A and on B.
struct PipelineSpec {
  struct Rule {
    std::string name;
    std::string check;  // a SQL predicate on the target's columns; NULL passes
    bool operator==(const Rule&) const = default;
  };

  // What becomes of a change while the columns of A's image and of the target do not fit.
  enum class OnDrift {
    wait,    // nothing is applied until they fit again
    ignore,  // columns that the target lacks are left out
    reject,  // it becomes a dead letter
  };
  static OnDrift on_drift_of(std::string_view written);  // "wait", "ignore", "reject"

  struct Table {
    std::string relation;       // as in the journal, quoted where SQL needs it: public.employee_a
    std::string source_schema;  // as in the catalog, not quoted
    std::string source_table;
    std::string target;            // on B, quoted where SQL needs it, with its schema
    std::vector<std::string> key;  // column names, not quoted, in key order
    std::string topic;
    std::int32_t partitions = 1;  // of the topic that carry changes: 1 where equal keys may be written differently
    OnDrift on_drift = OnDrift::wait;
    bool triggers = true;  // B's own triggers fire
    std::vector<Rule> rules;
    bool operator==(const Table&) const = default;
  };

  std::string pipeline;
  std::string dead_letter_topic;
  std::string written;  // the configuration it was resolved from, canonical: `run` compares it with the file
  bool by_key = false;  // consistency = "key": partitions are applied independently
  std::vector<Table> tables;
  std::vector<std::string> indexes_built;   // on B, by migrate: uninstall drops them
  std::vector<std::string> topics_created;  // by migrate: uninstall deletes them
  bool operator==(const PipelineSpec&) const = default;

  std::string to_json() const;
  // Throws Failure(bug) where the text is not what to_json() wrote.
  static PipelineSpec from_json(std::string_view json);
};

}  // namespace penstock
