#include "random/statements.hpp"

#include <functional>

#include <spdlog/fmt/fmt.h>

#include "random/values.hpp"

namespace penstock::test {
namespace {

class Builder {
 public:
  Builder(Random& random, const RandomSchema& schema)
      : random_(random), schema_(schema), table_(schema.tables[random.below(schema.tables.size())]) {}

  std::string insert() {
    const std::string rows = values(random_.chance(0.5) ? 1 : random_.between(2, 20));
    const std::string conflict = random_.pick<std::string>(
        {"", " on conflict do nothing", " on conflict (" + table_.keys() + ") do update set " + excluded()});
    if (table_.keyless) return "insert into " + target() + " values " + rows;
    return "insert into " + target() + " values " + rows + conflict;
  }
  std::string copy() { return "copy " + target() + " from stdin with (null 'NULL')"; }
  std::string copied_rows() { return "values " + values(random_.between(1, 40)); }
  std::string insert_from_itself() {
    if (table_.keyless) return copies();
    return fmt::format("insert into {} select {} from {} where {} on conflict ({}) do update set {}", target(),
                       table_.names(), table_.name, where(), table_.keys(), excluded());
  }
  // Equal rows.
  std::string copies() {
    return fmt::format("insert into {} select {} from {} where {} limit 5", target(), table_.names(), table_.name,
                       where());
  }
  std::string update() { return "update " + named() + " set " + assignments() + " where " + where(); }
  std::string update_nothing() { return "update " + table_.name + " set " + assignments() + " where false"; }
  std::string move_key() {
    const auto& key = column(random_.below(table_.key_size));
    return fmt::format("update {} set {} = {} where {}", table_.name, key.name, random_key(random_, key.type), where());
  }
  std::string shift_keys() {
    const auto& key = column(0);
    if (key.type != "int" && key.type != "bigint") return move_key();
    return fmt::format("update {0} set {1} = {1} + {2} where {3}", table_.name, key.name, random_.between(-3, 40),
                       where());
  }
  std::string remove() { return "delete from " + named() + " where " + where(); }
  std::string truncate() { return "truncate " + named() + (random_.chance(0.6) ? " cascade" : ""); }
  std::string merge() {
    return fmt::format(
        "merge into {0} as t using (values {1}) as s ({2}) on {3} when matched and {4} then delete when matched then "
        "update set {5} when not matched then insert ({7}) values ({6})",
        table_.name, values(random_.between(1, 8)), names("s_"), matches("t.", "s.s_"),
        random_.chance(0.3) ? "true" : "false", from("s.s_"), names("s.s_"), table_.names());
  }
  std::string delete_and_insert() {
    return fmt::format(
        "with d as (delete from {0} where {1} returning *) insert into {2} select {3} from d on conflict do nothing",
        table_.name, where(), target(), table_.names());
  }
  std::string insert_and_update() {
    return fmt::format(
        "with i as (insert into {} values {} on conflict do nothing returning {}) update {} set {} where {}", target(),
        values(random_.between(1, 4)), table_.keys(), table_.name, assignments(), where());
  }

 private:
  const RandomColumn& column(std::size_t i) const { return table_.columns[i]; }
  // The table, or one of its leaves.
  std::string named() {
    return table_.leaves.empty() || random_.chance(0.7) ? table_.name : random_.pick(table_.leaves).name;
  }
  // Columns are named: after an alteration their order is not the same everywhere.
  std::string target() {
    const std::string& into = table_.inherited && random_.chance(0.3) ? table_.leaves[0].name : table_.name;
    return into + " (" + table_.names() + ")";
  }

  std::string value(std::size_t i) {
    const RandomColumn& of = column(i);
    const bool reference = table_.parent && i + 1 == table_.columns.size();
    if (i < table_.key_size || (reference && random_.chance(0.7))) return random_key(random_, of.type);
    return reference ? std::string("null::") + of.type : random_value(random_, of.type);
  }
  std::string values(long count) {
    std::string rows;
    for (long row = 0; row < count; ++row) {
      rows += row > 0 ? ", (" : "(";
      for (std::size_t i = 0; i < table_.columns.size(); ++i) {
        rows += (i > 0 ? ", (" : "(") + value(i) + ")::" + column(i).type;
      }
      rows += ")";
    }
    return rows;
  }
  std::string where() {
    const RandomColumn& key = column(0);
    const std::string one = random_key(random_, key.type);
    if (random_.chance(0.5)) return fmt::format("{} = ({})::{}", key.name, one, key.type);
    if (random_.chance(0.1)) return "true";
    return fmt::format("{0} between ({1})::{3} and ({2})::{3}", key.name, one, random_key(random_, key.type), key.type);
  }
  // "c = value, …" of some columns that are no key.
  std::string assignments() {
    std::string list;
    for (std::size_t i = table_.key_size; i < table_.columns.size(); ++i) {
      if (list.empty() || random_.chance(0.5)) list += (list.empty() ? "" : ", ") + column(i).name + " = " + value(i);
    }
    return list;
  }
  std::string each(std::size_t first, const std::string& separator,
                   const std::function<std::string(const RandomColumn&)>& text) {
    std::string list;
    for (std::size_t i = first; i < table_.columns.size(); ++i)
      list += (list.empty() ? "" : separator) + text(column(i));
    return list;
  }
  std::string excluded() {
    return each(table_.key_size, ", ", [](const RandomColumn& c) { return c.name + " = excluded." + c.name; });
  }
  // A source's columns: numbered, since the table's own names need quotes.
  std::string numbered(const std::string& prefix, const RandomColumn& of) const {
    return prefix + std::to_string(&of - table_.columns.data());
  }
  std::string names(const std::string& prefix) {
    return each(0, ", ", [&](const RandomColumn& c) { return numbered(prefix, c); });
  }
  std::string from(const std::string& prefix) {
    return each(table_.key_size, ", ", [&](const RandomColumn& c) { return c.name + " = " + numbered(prefix, c); });
  }
  std::string matches(const std::string& target, const std::string& source) {
    std::string list;
    for (std::size_t i = 0; i < table_.key_size; ++i) {
      list += (i > 0 ? " and " : "") + target + column(i).name + " = " + numbered(source, column(i));
    }
    return list;
  }

  Random& random_;
  const RandomSchema& schema_;
  const RandomTable& table_;
};

}  // namespace

Statement random_statement(Random& random, const RandomSchema& schema) {
  Builder builder(random, schema);
  using Kind = std::string (Builder::*)();
  struct Weighted {
    std::size_t weight;
    Kind kind;
  };
  static const std::vector<Weighted> kinds{
      {30, &Builder::insert},           {3, &Builder::insert_from_itself}, {25, &Builder::update},
      {2, &Builder::update_nothing},    {6, &Builder::move_key},           {4, &Builder::shift_keys},
      {12, &Builder::remove},           {1, &Builder::truncate},           {8, &Builder::merge},
      {4, &Builder::delete_and_insert}, {4, &Builder::insert_and_update},  {4, &Builder::copy}};
  std::size_t total = 0;
  for (const auto& kind : kinds) total += kind.weight;
  std::size_t chosen = random.below(total);
  for (const auto& kind : kinds) {
    if (chosen < kind.weight) {
      Statement statement{(builder.*kind.kind)(), ""};
      if (kind.kind == &Builder::copy) statement.copied = builder.copied_rows();
      return statement;
    }
    chosen -= kind.weight;
  }
  return {builder.insert(), ""};
}

}  // namespace penstock::test
