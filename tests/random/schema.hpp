#pragma once
#include <optional>
#include <string>
#include <vector>

#include "random/random.hpp"

namespace penstock::test {

struct RandomColumn {
  std::string name;  // quoted where SQL needs it
  std::string type;
};

struct RandomTable {
  std::string name;                   // quoted where SQL needs it, without its schema
  std::vector<RandomColumn> columns;  // the key's first
  std::size_t key_size = 1;
  std::string partitioned;  // "", hash, list or range
  std::vector<std::string> leaves;
  std::optional<std::size_t> parent;  // its last column references this table's one-column key
  bool declared_key = false;          // a unique index instead of a primary key: `key = […]`

  std::string keys() const;  // "k1, k2"
};

// Tables, and what stands around them. A and B get the same tables; what fires fires on A alone.
struct RandomSchema {
  std::vector<RandomTable> tables;
  std::vector<std::string> on_both;
  std::vector<std::string> on_a;
  std::string configuration() const;
};

RandomSchema random_schema(Random& random);

// A literal of the type. Keys come from few values, so that statements meet.
std::string random_value(Random& random, const std::string& type);
std::string random_key(Random& random, const std::string& type);

}  // namespace penstock::test
