#pragma once
#include <string>
#include <vector>

#include "random/random.hpp"

namespace penstock::test {

// Types of columns that a B-tree can sort, and that take part in alterations.
const std::vector<std::string>& plain_types();
const std::vector<std::string>& key_types();
// Any type of type_edges.hpp.
std::string random_edge_type(Random& random);

// An expression of the type, or one that is cast to it. Keys come from few values, so that statements meet; some are
// equal in other words (numeric 1.0 and 1.00).
std::string random_value(Random& random, const std::string& type);
std::string random_key(Random& random, const std::string& type);

}  // namespace penstock::test
