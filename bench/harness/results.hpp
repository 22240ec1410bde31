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
  // A run that gave no figure, since A and B differ or the rival broke down. Says so at once; the others go on.
  void refuse(JsonObject run, const std::string& why);
  // Written as a whole, or not at all. Throws when a run was refused.
  void save() const;

 private:
  void write() const;

  const Field& field_;
  std::string figure_;
  std::vector<std::string> runs_;
  int refused_ = 0;
};

}  // namespace penstock::bench
