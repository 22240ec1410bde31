#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/task.hpp"
#include "config/config.hpp"

namespace penstock::ops {

// What `verify` found: interface.md.
struct VerifyReport {
  struct Table {
    std::string relation;
    std::int64_t rows = 0;          // on A
    std::int64_t differing = 0;     // keys whose rows differ, or stand on one side alone; proven
    std::int64_t explained = 0;     // of these, by an open reject
    std::int64_t unsettled = 0;     // keys that changed faster than they could be compared
    bool more = false;              // the search ended at kKeysMax differences
    std::int64_t repaired = 0;      // keys that were copied again before this verification
    std::vector<std::string> keys;  // of the unexplained ones: key objects; of a table without a key whole rows
    std::vector<std::string> on_a_alone, on_b_alone;  // columns that were not compared: the other side lacks them
  };
  bool equal = true;  // every difference is explained, and nothing is unsettled
  std::vector<Table> tables;

  std::string to_text() const;
  std::string to_json() const;
};

struct VerifyOptions {
  std::optional<std::string> table;  // only this one (as configured)
  bool repair = false;
};

// Compares A and B while both are written. Memory is bounded: hash buckets first, keys only of buckets that differ.
// A difference is proven when B has everything that A's reading saw, A's row has not changed since, and they still
// differ. With `repair` keys that differ without a reject are copied again through the stream (the whole table where
// they are too many to list; not those of a table without a key), and what is then found is returned. Throws
// Failure(usage) where there is no such table.
Task<VerifyReport> verify(const Config& config, const VerifyOptions& options);

}  // namespace penstock::ops
