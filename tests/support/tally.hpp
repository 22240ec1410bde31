#pragma once
#include <string>

#include "support/line.hpp"

namespace penstock::test {

// A table without a key beside the employees, where whatever is applied twice, or not at all, changes the number of
// rows: a trigger of the test's adds one for each employee that is inserted or updated. Before `migrate`.
void add_tally(Line& line);
void expect_equal_tallies(const Line& line);

}  // namespace penstock::test
