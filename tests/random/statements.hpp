#pragma once
#include <string>

#include "random/schema.hpp"

namespace penstock::test {

struct Statement {
  std::string sql;
  std::string copied;  // of a COPY … FROM STDIN: a query for the rows
};

// One random statement on one of the schema's tables: everything that SQL has to change rows with.
Statement random_statement(Random& random, const RandomSchema& schema);

}  // namespace penstock::test
