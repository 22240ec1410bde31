#pragma once
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "model/json_text.hpp"

namespace penstock::publish {

// Where one table's changes go.
struct Route {
  std::string relation;  // as in the journal
  std::string schema;
  std::string table;
  std::string topic;
  std::int32_t partitions = 1;  // 1 where equal keys may be written differently (numeric, float, citext)
  KeyExtractor key;
};

// The tables of a pipeline by their relation.
class Routes {
 public:
  explicit Routes(std::vector<Route> routes);

  // Throws Failure(setup) for a relation the pipeline does not know: the file changed and `migrate` did not run.
  const Route& of(std::string_view relation) const;
  const Route& first() const { return routes_.front(); }

 private:
  std::vector<Route> routes_;
  std::map<std::string, std::size_t, std::less<>> by_relation_;
};

}  // namespace penstock::publish
