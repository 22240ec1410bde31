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

// What [kafka] and the tables say, for Line::configure() behind create_employees(): the first users' table with its
// rules, and the copies.
inline std::string employees_in_partitions(int partitions) {
  return "partitions = " + std::to_string(partitions) + R"(
[[table]]
source = "public.employee_a"
target = "public.employee_b"
key = ["emp_id"]
[[table]]
source = "public.copies"
[[rule]]
table = "public.employee_a"
name = "born_after_2007"
check = "dob >= date '2008-01-01'"
[[rule]]
table = "public.employee_a"
name = "salary_above_10000"
check = "salary > 10000"
[[rule]]
table = "public.employee_a"
name = "no_negative_id"
check = "emp_id >= 0"
)";
}

inline constexpr const char* kByKey = "consistency = \"key\"\n";

}  // namespace penstock::test
