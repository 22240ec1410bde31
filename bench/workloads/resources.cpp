// resources: what pipelines cost at rest, and how soon they are there after a start.
#include "workloads/resources.hpp"

#include "workloads/workload.hpp"

namespace penstock::bench {

void measure_resources(Field& field) {
  field.retire_all();  // others at rest would be measured with it
  Results results(field, "resources");
  measure_starts(field, results);
  measure_idle(field, results);
  results.save();
}

}  // namespace penstock::bench
