#include "random/schema.hpp"

#include <spdlog/fmt/fmt.h>

namespace penstock::test {
namespace {

const std::vector<std::string> kKeyTypes{"int", "bigint", "text", "uuid", "numeric", "date"};
const std::vector<std::string> kTypes{"int",  "bigint", "numeric(12,3)", "text",  "varchar(40)", "boolean", "date",
                                      "uuid", "jsonb",  "timestamptz",   "bytea", "float8",      "int[]",   "interval"};
const std::vector<std::string> kNames{"a", "b", "\"C\"", "\"select\"", "n", "i", "k", "image", "\"p q\"", "ordinality"};

std::string definition(const RandomTable& table) {
  std::string text = "create table " + table.name + " (";
  for (std::size_t i = 0; i < table.columns.size(); ++i) {
    const auto& column = table.columns[i];
    text += column.name + " " + column.type + (i < table.key_size ? " not null, " : ", ");
  }
  const char* constraint = table.declared_key ? "unique (" : "primary key (";
  text += constraint + table.keys() + "))";
  if (!table.partitioned.empty()) text += " partition by " + table.partitioned + " (" + table.columns[0].name + ")";
  return text;
}

// Leaves for an int key from few values: every key has one.
void add_leaves(RandomTable& table, RandomSchema& schema) {
  for (int i = 0; i < 3; ++i) {
    const std::string leaf = fmt::format("{}_{}", table.name, i);
    const std::string bounds = table.partitioned == "hash" ? fmt::format("for values with (modulus 3, remainder {})", i)
                               : i == 0                    ? std::string("default")
                               : table.partitioned == "range"
                                   ? fmt::format("for values from ({}) to ({})", i * 15, i * 15 + 15)
                                   : fmt::format("for values in ({}, {}, {}, {})", i, i + 5, i + 10, i + 15);
    schema.on_both.push_back(fmt::format("create table {} partition of {} {}", leaf, table.name, bounds));
    table.leaves.push_back(leaf);
  }
}

void add_columns(Random& random, RandomTable& table) {
  const std::size_t count = 1 + random.below(6);
  for (std::size_t i = 0; i < count; ++i) {
    const std::string& name = kNames[i + random.below(kNames.size() - count + 1)];
    const bool taken = std::any_of(table.columns.begin(), table.columns.end(),
                                   [&](const RandomColumn& column) { return column.name == name; });
    table.columns.push_back({taken ? fmt::format("c{}", i) : name, random.pick(kTypes)});
  }
}

RandomTable random_table(Random& random, std::size_t number, const RandomSchema& so_far) {
  RandomTable table;
  table.name = random.chance(0.2) ? fmt::format("\"T {}\"", number) : fmt::format("t{}", number);
  const bool split = table.name[0] == 't' && random.chance(0.25);
  if (split) table.partitioned = random.pick<std::string>({"hash", "list", "range"});
  table.columns.push_back({"k1", split ? "int" : random.chance(0.5) ? "int" : random.pick(kKeyTypes)});
  if (random.chance(0.3)) table.columns.push_back({"\"K2\"", random.pick(kKeyTypes)});
  table.key_size = table.columns.size();
  table.declared_key = !split && random.chance(0.2);
  add_columns(random, table);
  if (number > 0 && random.chance(0.5)) {
    const std::size_t parent = random.below(number);
    if (so_far.tables[parent].key_size == 1) {
      table.parent = parent;
      table.columns.push_back({"parent", so_far.tables[parent].columns[0].type});
    }
  }
  return table;
}

void add_reference(Random& random, const RandomTable& table, RandomSchema& schema) {
  const RandomTable& parent = schema.tables[*table.parent];
  const std::string action =
      random.pick<std::string>({"on delete cascade", "on delete set null", "on delete cascade on update cascade", "",
                                "deferrable initially deferred"});
  const std::string text = fmt::format("alter table {} add foreign key (parent) references {} ({}) {}", table.name,
                                       parent.name, parent.columns[0].name, action);
  (random.chance(0.5) ? schema.on_both : schema.on_a).push_back(text);
}

// A user's trigger that changes rows of the same table, before or behind ours.
void add_trigger(Random& random, const RandomTable& table, RandomSchema& schema) {
  const auto text = std::find_if(table.columns.begin() + static_cast<std::ptrdiff_t>(table.key_size),
                                 table.columns.end(), [](const RandomColumn& column) { return column.type == "text"; });
  if (text == table.columns.end()) return;
  const std::string function = fmt::format("f_{}", schema.on_a.size());
  const std::string key = table.columns[0].name;
  const std::string act =
      random.chance(0.7)
          ? fmt::format("update {0} set {1} = left({1}, 20) || '!' where {2} = new.{2}", table.name, text->name, key)
          : fmt::format("delete from {0} where {1} = new.{1} and {2} like '%9%'", table.name, key, text->name);
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

RandomSchema random_schema(Random& random) {
  RandomSchema schema;
  const std::size_t count = 1 + random.below(4);
  for (std::size_t i = 0; i < count; ++i) {
    schema.tables.push_back(random_table(random, i, schema));
    RandomTable& table = schema.tables.back();
    schema.on_both.push_back(definition(table));
    if (!table.partitioned.empty()) add_leaves(table, schema);
    if (table.parent) add_reference(random, table, schema);
    if (table.partitioned.empty() && random.chance(0.3)) {
      schema.on_both.push_back(fmt::format("create unique index on {} ({})", table.name, table.columns.back().name));
    }
    if (random.chance(0.25)) add_trigger(random, table, schema);
  }
  return schema;
}

std::string RandomSchema::configuration() const {
  std::string text;
  for (const auto& table : tables) {
    text += fmt::format("[[table]]\nsource = 'public.{}'\n", table.name);
    if (!table.declared_key) continue;
    std::string names;
    for (std::size_t i = 0; i < table.key_size; ++i) names += (i > 0 ? ", '" : "'") + table.columns[i].name + "'";
    text += "key = [" + names + "]\n";
  }
  return text;
}

std::string random_key(Random& random, const std::string& type) {
  const long n = random.between(1, 30);
  if (type == "int" || type == "bigint") return std::to_string(n);
  if (type == "text") return fmt::format("'k{}'", n);
  if (type == "uuid") return fmt::format("md5('{}')::uuid", n);
  if (type == "date") return fmt::format("date '2020-01-01' + {}", n);
  return fmt::format("{}{}", n, random.pick<std::string>({"", ".0", ".00", ".5"}));  // numeric: equal, in other words
}

std::string random_value(Random& random, const std::string& type) {
  if (random.chance(0.1)) return "null";
  const long n = random.between(-1000, 1000);
  if (type == "int" || type == "bigint") return std::to_string(n);
  if (type == "numeric(12,3)") return fmt::format("{}.{}", n, random.below(1000));
  if (type == "boolean") return random.chance(0.5) ? "true" : "false";
  if (type == "date") return fmt::format("date '2000-01-01' + ({})", n);
  if (type == "uuid") return fmt::format("md5('{}')::uuid", n);
  if (type == "timestamptz") return fmt::format("timestamptz '2000-01-01' + interval '{} minutes 0.{} s'", n, n * n);
  if (type == "float8") return fmt::format("{}::float8 / 7", n);
  if (type == "interval") return fmt::format("interval '{} hours {} days'", n, n / 3);
  if (type == "bytea") return fmt::format("decode(md5('{}'), 'hex')", n);
  if (type == "int[]") return fmt::format("array[{}, null, {}]", n, n * 2);
  if (type == "jsonb") return fmt::format("'{{\"a\": [{}, \"x\\\"y\"], \"b\": null}}'::jsonb", n);
  const std::string text = random.pick<std::string>({"abc", "it''s", "a\\b", "\"q\"", "é€😀", "", " 9 ", "tab\there"});
  return fmt::format("'{} {}'", text, n);
}

}  // namespace penstock::test
