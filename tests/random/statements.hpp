#pragma once
#include <string>

#include "random/schema.hpp"

namespace penstock::test {

// One random statement on one of the schema's tables: everything that SQL has to change rows with.
std::string random_statement(Random& random, const RandomSchema& schema);

}  // namespace penstock::test
