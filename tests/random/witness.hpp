#pragma once
#include <string>
#include <vector>

#include "random/schema.hpp"
#include "support/line.hpp"

namespace penstock::test {

// How B differs from A in the columns of the schema, the first rows of each table: read by queries, rows with open
// rejects passed over.
std::vector<std::string> differing_rows(Line& line, const RandomSchema& schema);

// The same by `pg_dump --data-only` of both, sorted, for the tables without open rejects.
std::vector<std::string> differing_dumps(Line& line, const RandomSchema& schema);

}  // namespace penstock::test
