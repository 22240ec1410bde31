#include "random/schema.hpp"

#include <algorithm>

#include <spdlog/fmt/fmt.h>

#include "e2e/type_edges.hpp"
#include "random/values.hpp"

namespace penstock::test {
namespace {

// Leaves of a side, for an int key from few values: every key has one. The second may be partitioned once more.
std::vector<RandomLeaf> make_leaves(Random& random, const RandomTable& table, const std::string& by,
                                    std::vector<std::string>& out) {
  const bool nested = random.chance(0.3);
  std::vector<RandomLeaf> leaves;
  for (int i = 0; i < 3; ++i) {
    const std::string name = fmt::format("{}_{}", table.name, i);
    const std::string bounds = by == "hash" ? fmt::format("for values with (modulus 3, remainder {})", i)
                               : i == 0     ? std::string("default")
                               : by == "range"
                                   ? fmt::format("for values from ({}) to ({})", i * 15, i * 15 + 15)
                                   : fmt::format("for values in ({}, {}, {}, {})", i, i + 5, i + 10, i + 15);
    leaves.push_back({name, bounds});
    const std::string create = table.create_leaf(leaves.back());
    if (i != 1 || !nested) {
      out.push_back(create);
      continue;
    }
    out.push_back(create + " partition by hash (k1)");
    for (int j = 0; j < 2; ++j) {
      out.push_back(
          fmt::format("create table {0}_{1} partition of {0} for values with (modulus 2, remainder {1})", name, j));
    }
  }
  return leaves;
}

void add_columns(Random& random, RandomTable& table) {
  const std::size_t count = 1 + random.below(6);
  for (std::size_t i = 0; i < count; ++i) {
    const std::string type = random.chance(0.6) ? random.pick(plain_types()) : random_edge_type(random);
    table.columns.push_back({random_name(random, table), type});
  }
}

void add_rule(Random& random, RandomTable& table) {
  for (std::size_t i = table.key_size; i < table.columns.size(); ++i) {
    auto& column = table.columns[i];
    if (column.type != "int" || !random.chance(0.5)) continue;
    column.fixed = true;
    table.rule = column.name + " < 800";
    return;
  }
}

RandomTable random_table(Random& random, std::size_t number, const RandomSchema& so_far) {
  static const std::vector<std::string> schemes{"hash", "list", "range"};
  RandomTable table;
  table.name = random.chance(0.2) ? fmt::format("\"T {}\"", number) : fmt::format("t{}", number);
  const bool plain_name = table.name[0] == 't';
  if (plain_name && random.chance(0.3)) table.partitioned = random.pick(schemes);
  if (plain_name && random.chance(0.15)) table.partitioned_b = random.pick(schemes);
  const bool split = !table.partitioned.empty() || !table.partitioned_b.empty();
  table.columns.push_back({"k1", split || random.chance(0.5) ? "int" : random.pick(key_types())});
  if (random.chance(0.3)) table.columns.push_back({"\"K2\"", random.pick(key_types())});
  table.key_size = table.columns.size();
  table.declared_key = !split && random.chance(0.2);
  table.keyless = !table.declared_key && random.chance(0.2);
  table.unlogged = !split && random.chance(0.1);
  table.inherited = !split && random.chance(0.1);
  add_columns(random, table);
  // Of a table without a key a reject is known by its whole row, which an alteration changes.
  if (!table.keyless && random.chance(0.15)) add_rule(random, table);
  table.on_drift = table.keyless ? "wait" : random.pick<std::string>({"wait", "wait", "ignore", "reject"});
  if (number > 0 && random.chance(0.5)) {
    const std::size_t parent = random.below(number);
    const bool refused = so_far.tables[parent].unlogged && !table.unlogged;
    if (so_far.tables[parent].key_size == 1 && !so_far.tables[parent].keyless && !refused) {
      table.parent = parent;
      table.columns.push_back({"parent", so_far.tables[parent].columns[0].type, "", true});
    }
  }
  return table;
}

void create_table(Random& random, RandomTable& table, RandomSchema& schema) {
  schema.on_a.push_back(table.definition(table.partitioned, table.unlogged));
  schema.on_b.push_back(table.definition(table.partitioned_b));
  if (!table.partitioned.empty()) table.leaves = make_leaves(random, table, table.partitioned, schema.on_a);
  if (!table.partitioned_b.empty()) make_leaves(random, table, table.partitioned_b, schema.on_b);
  if (!table.inherited) return;
  table.leaves.push_back({fmt::format("heir_{}", schema.on_a.size()), ""});
  schema.on_a.push_back(table.create_leaf(table.leaves[0]));
}

// Columns that no statement names.
void add_extras(Random& random, RandomTable& table, RandomSchema& schema) {
  if (random.chance(0.2)) schema.on_b.push_back("alter table " + table.name + " add column only_b text default 'b'");
  table.generates = random.chance(0.2);
  if (!table.generates) return;
  const bool split = !table.partitioned.empty() || !table.partitioned_b.empty();
  const std::string add = "alter table " + table.name + " add column generated ";
  const bool computed = split || table.inherited || random.chance(0.5);  // an heir's parent gets no identity
  const std::string on_a =
      add + (computed ? "boolean generated always as (k1 is null) stored"
                      : "bigint generated " + random.pick<std::string>({"always", "by default"}) + " as identity");
  table.setup_a.push_back(on_a);
  schema.on_a.push_back(on_a);
  // B must be able to take A's number, and where a row is deleted and comes back, another one.
  schema.on_b.push_back(computed ? on_a : add + "bigint generated by default as identity");
}

void add_reference(Random& random, RandomTable& table, RandomSchema& schema) {
  const RandomTable& parent = schema.tables[*table.parent];
  const std::string action =
      table.keyless
          ? random.pick<std::string>({"on delete cascade", "", "deferrable initially deferred"})
          : random.pick<std::string>({"on delete cascade", "on delete set null", "on delete cascade on update cascade",
                                      "", "deferrable initially deferred"});
  const std::string text = fmt::format("alter table {} add foreign key (parent) references {} ({}) {}", table.name,
                                       parent.name, parent.columns[0].name, action);
  table.setup_a.push_back(text);
  schema.on_a.push_back(text);
  // B would reject what refers to a rejected row; of a table without a key an alteration changes what a reject is known
  // by.
  if (random.chance(0.5) || (table.keyless && schema.may_reject())) return;
  schema.on_b.push_back(text);
  schema.b_checks_references = true;
}

void add_unique(Random& random, RandomTable& table, RandomSchema& schema) {
  RandomColumn& last = table.columns.back();
  if (!table.partitioned.empty() || !table.partitioned_b.empty() || !random.chance(0.3)) return;
  const auto& plain = plain_types();
  if (std::find(plain.begin(), plain.end(), last.type) == plain.end()) return;
  const std::string text = fmt::format("create unique index on {} ({})", table.name, last.name);
  last.fixed = true;
  table.setup_a.push_back(text);
  schema.on_a.push_back(text);
  schema.on_b.push_back(text);
}

// What a user's trigger does for a row: it changes its own row, or rows of another captured table.
std::string act_of(Random& random, RandomTable& table, RandomSchema& schema) {
  RandomTable& acted = random.chance(0.6) ? table : schema.tables[random.below(schema.tables.size())];
  const auto text = std::find_if(acted.columns.begin() + static_cast<std::ptrdiff_t>(acted.key_size),
                                 acted.columns.end(), [](const RandomColumn& column) { return column.type == "text"; });
  if (text == acted.columns.end()) return "";
  text->fixed = true;
  const std::string& key = acted.columns[0].name;
  const std::string which = &acted == &table ? "new." + key : random_key(random, acted.columns[0].type);
  return random.chance(0.7)
             ? fmt::format("update {0} set {1} = left({1}, 20) || '!' where {2} = {3}", acted.name, text->name, key,
                           which)
             : fmt::format("delete from {0} where {1} = {3} and {2} like '%9%'", acted.name, key, text->name, which);
}

// A user's trigger that writes, before or behind ours.
void add_trigger(Random& random, RandomTable& table, RandomSchema& schema) {
  const std::string act = act_of(random, table, schema);
  if (act.empty()) return;
  const std::string function = fmt::format("f_{}", schema.on_a.size());
  schema.on_a.push_back(fmt::format(
      "create function {}() returns trigger language plpgsql as $$ begin if pg_trigger_depth() < 2 then {}; "
      "end if; return null; end $$",
      function, act));
  schema.on_a.push_back(fmt::format("create trigger {} after insert or update on {} for each row execute function {}()",
                                    random.pick<std::string>({"aa", "zz"}), table.name, function));
}

}  // namespace

std::string RandomTable::keys() const {
  std::string list = columns[0].name;
  for (std::size_t i = 1; i < key_size; ++i) list += ", " + columns[i].name;
  return list;
}

std::string RandomTable::names() const {
  std::string list;
  for (const auto& column : columns) list += (list.empty() ? "" : ", ") + column.name;
  return list;
}

std::string RandomTable::all_names() const { return names() + (generates ? ", generated" : ""); }

std::string RandomTable::create_leaf(const RandomLeaf& leaf) const {
  return leaf.bounds.empty() ? fmt::format("create table {} () inherits ({})", leaf.name, name)
                             : fmt::format("create table {} partition of {} {}", leaf.name, name, leaf.bounds);
}

std::string RandomTable::definition(const std::string& partitioned_by, bool is_unlogged) const {
  std::string text = (is_unlogged ? "create unlogged table " : "create table ") + name + " (";
  for (std::size_t i = 0; i < columns.size(); ++i) {
    text += columns[i].name + " " + columns[i].type + columns[i].extra + (i < key_size ? " not null, " : ", ");
  }
  if (keyless) {
    text.replace(text.size() - 2, 2, ")");
  } else {
    text += (declared_key ? "unique (" : "primary key (") + keys() + "))";
  }
  if (!partitioned_by.empty()) text += " partition by " + partitioned_by + " (" + columns[0].name + ")";
  return text;
}

std::string random_name(Random& random, const RandomTable& table) {
  static const std::vector<std::string> names{"a", "b", "\"C\"", "\"select\"", "n",
                                              "i", "k", "image", "\"p q\"",    "ordinality",
                                              "t", "r", "\"ü\"", "penstock_x"};
  const auto taken = [&](const std::string& name) {
    return std::any_of(table.columns.begin(), table.columns.end(),
                       [&](const auto& column) { return column.name == name; });
  };
  std::string name = random.pick(names);
  while (taken(name)) name = fmt::format("c{}", random.below(1000));
  return name;
}

RandomSchema random_schema(Random& random) {
  RandomSchema schema;
  schema.on_both.emplace_back(kUserTypes);
  const std::size_t count = 1 + random.below(4);
  for (std::size_t i = 0; i < count; ++i) {
    schema.tables.push_back(random_table(random, i, schema));
    RandomTable& table = schema.tables.back();
    create_table(random, table, schema);
    add_extras(random, table, schema);
    if (table.parent) add_reference(random, table, schema);
    add_unique(random, table, schema);
    if (random.chance(0.25)) add_trigger(random, table, schema);
  }
  return schema;
}

std::string RandomSchema::configuration() const {
  std::string text;
  for (const auto& table : tables) {
    text += fmt::format("[[table]]\nsource = 'public.{}'\non_drift = '{}'\n", table.name, table.on_drift);
    if (!table.declared_key) continue;
    std::string names;
    for (std::size_t i = 0; i < table.key_size; ++i) names += (i > 0 ? ", '" : "'") + table.columns[i].name + "'";
    text += "key = [" + names + "]\n";
  }
  for (const auto& table : tables) {
    if (table.rule.empty()) continue;
    text += fmt::format("[[rule]]\ntable = 'public.{}'\nname = 'rule'\ncheck = '{}'\n", table.name, table.rule);
  }
  return text;
}

bool RandomSchema::referenced(std::size_t table) const {
  return std::any_of(tables.begin(), tables.end(), [&](const auto& other) { return other.parent == table; });
}

bool RandomSchema::may_reject() const {
  for (std::size_t i = 0; i < tables.size(); ++i) {
    if (!tables[i].rule.empty() || (tables[i].on_drift == "reject" && referenced(i))) return true;
  }
  return false;
}

}  // namespace penstock::test
