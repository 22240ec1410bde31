#pragma once
// A table without a key beside employee_a, where whatever is applied twice, or not at all, changes the number of equal
// rows: two copies of each employee, one of which follows his changes.
#include <string>

#include "support/line.hpp"

namespace penstock::test {

// To be called between create_employees() and migrate().
void create_copies(Line& line);
// Their number and a print of them.
std::string rows_of_copies(Database database);

}  // namespace penstock::test
