#pragma once
#include <string>
#include <vector>

#include "base/task.hpp"
#include "config/config.hpp"

namespace penstock::ops {

// What the doctor looked at, in order.
struct Diagnosis {
  struct Check {
    std::string name;     // "B: settings", "public.employee_a"
    std::string problem;  // with its cure; empty: all is well
  };
  std::vector<Check> checks;
  bool away = false;  // a server could not be reached, so that not everything was looked at

  bool healthy() const;
  std::string to_text() const;
  std::string to_json() const;
};

// Looks at every privilege, setting, version, trigger, topic and column that could make the pipeline fail, with the
// rules of migrate and status. Changes nothing, and throws for nothing that it finds.
Task<Diagnosis> diagnose(const Config& config);

}  // namespace penstock::ops
