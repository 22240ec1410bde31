#pragma once
#include <optional>
#include <string>
#include <vector>

#include "random/random.hpp"

namespace penstock::test {

struct RandomColumn {
  std::string name;  // quoted where SQL needs it
  std::string type;
  std::string extra = "";  // " not null default 5"
  bool fixed = false;      // a rule, a reference or a trigger of the test's needs it as it is
};

struct RandomLeaf {
  std::string name;
  std::string bounds;  // none: a table that inherits and is not captured
};

struct RandomTable {
  std::string name;                   // quoted where SQL needs it, without its schema
  std::vector<RandomColumn> columns;  // the key's first
  std::size_t key_size = 1;
  std::string partitioned, partitioned_b;  // "", hash, list or range; by the key's first column
  std::vector<RandomLeaf> leaves;          // on A
  std::optional<std::size_t> parent;       // its last column references this table's one-column key
  bool declared_key = false;               // a unique index instead of a primary key: `key = […]`
  bool keyless = false;                    // neither: its first columns are a key to the statements alone
  bool unlogged = false;                   // on A
  bool inherited = false;                  // its one leaf's rows are not its own
  std::string on_drift = "wait";
  bool generates = false;            // it has a column "generated" that no statement names
  std::string rule;                  // a predicate that rejects some rows
  std::vector<std::string> setup_a;  // indexes and references: what a table created anew on A needs

  std::string keys() const;       // "k1, k2"
  std::string names() const;      // of the columns that statements name
  std::string all_names() const;  // of all that both sides have
  std::string own() const { return (inherited ? "only " : "") + name; }
  std::string definition(const std::string& partitioned_by, bool is_unlogged = false) const;
  std::string create_leaf(const RandomLeaf& leaf) const;
};

// Tables, and what stands around them. What fires, fires on A alone.
struct RandomSchema {
  std::vector<RandomTable> tables;
  std::vector<std::string> on_both, on_a, on_b;
  bool b_checks_references = false;

  std::string configuration() const;
  bool referenced(std::size_t table) const;  // by another table's rows
  // Whether a reject can be left at the end: a rule's, or that of a row whose parent was rejected for a while.
  bool may_reject() const;
};

RandomSchema random_schema(Random& random);
// A name of a column, also of those that the capture's own queries use.
std::string random_name(Random& random, const RandomTable& table);

}  // namespace penstock::test
