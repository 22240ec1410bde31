#pragma once
// consistency = "key" for Line::configure().
#include <string>

namespace penstock::test {

inline constexpr const char* kByKey = "consistency = \"key\"\n";

// What [kafka] and the tables say, behind create_employees(): the first users' table with its rules.
inline std::string employees_in_partitions(int partitions) {
  return "partitions = " + std::to_string(partitions) + R"(
[[table]]
source = "public.employee_a"
target = "public.employee_b"
key = ["emp_id"]
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

}  // namespace penstock::test
