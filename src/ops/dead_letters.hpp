#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/task.hpp"
#include "config/config.hpp"
#include "kafka/message.hpp"

namespace penstock::ops {

// Which dead letters of the ledger; empty: all.
struct DeadLetterFilter {
  std::optional<std::string> rule;   // a rule's name, or a SQLSTATE
  std::optional<std::string> table;  // of A, as SQL writes it
  std::optional<std::string> key;    // the key object, {"emp_id":7}, or the value of a key of one column
  std::optional<std::string> state;  // open, superseded, replayed, discarded
  std::optional<std::int64_t> id;
  std::optional<std::string> since;  // a timestamp, or an age: 24h, 30m
  int limit = 100;
};

// One reject, as B's ledger has it.
struct DeadLetter {
  std::int64_t id = 0;
  std::string state, relation, key, op, stage, rule, sqlstate, message, rejected_at;
  kafka::TopicPartitionOffset origin, letter;

  std::string to_json() const;
};

Task<std::vector<DeadLetter>> list_dead_letters(const Config& config, const DeadLetterFilter& filter);

// The letter itself, out of the dead-letter topic.
struct DeadLetterRecord {
  std::string key, value;  // the original bytes
  kafka::Headers headers;
};
// nullopt: the topic does not have it any more (retention).
Task<std::optional<DeadLetterRecord>> read_dead_letter(const Config& config, const DeadLetter& letter);

std::string to_text(const std::vector<DeadLetter>& letters);

}  // namespace penstock::ops
