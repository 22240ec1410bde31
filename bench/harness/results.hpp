#pragma once
#include <string>
#include <vector>

#include "harness/field.hpp"
#include "harness/json.hpp"

namespace penstock::bench {

// The raw results of one figure: FIGURE.json in the directory of results, every run of every repetition a line, under
// what they were measured on and with.
class Results {
 public:
  Results(const Field& field, std::string figure);

  void add(const JsonObject& run);
  // Written as a whole, or not at all.
  void save() const;

 private:
  const Field& field_;
  std::string figure_;
  std::vector<std::string> runs_;
};

}  // namespace penstock::bench
