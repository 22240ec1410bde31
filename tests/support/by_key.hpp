#pragma once
// consistency = "key" for Line::configure().
#include <string>

#include "support/line.hpp"

namespace penstock::test {

inline constexpr const char* kByKey = "consistency = \"key\"\n";

// What [kafka] and the tables say, behind create_employees().
inline std::string employees_in_partitions(int partitions) {
  return "partitions = " + std::to_string(partitions) + "\n" + employees_toml();
}

}  // namespace penstock::test
