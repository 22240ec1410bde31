#pragma once
#include <string>
#include <vector>

#include "base/task.hpp"
#include "config/config.hpp"

namespace penstock::ops {

// What is installed.
struct MigrateStatus {
  struct Step {
    std::string side;  // "A" or "B"
    int number = 0;
    std::string name;
    std::string applied_at;  // empty: not yet
    bool checksum_fits = true;
  };
  struct Captured {
    std::string relation;
    std::string key;  // comma separated
    bool index_built = false;
  };
  std::vector<Step> steps;
  std::vector<Captured> tables;

  bool complete() const;  // everything applied, as this program has it
  std::string to_text() const;
  std::string to_json() const;
};

Task<MigrateStatus> migrate_status(const Config& config);

}  // namespace penstock::ops
