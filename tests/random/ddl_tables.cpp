// Alterations of names, whole tables and partitions, and the commands that are run in the middle of it.
#include <spdlog/fmt/fmt.h>

#include "random/ddl.hpp"
#include "random/values.hpp"

namespace penstock::test {

void Alterations::rename_key_for_a_while() {
  if (table().keyless) return;
  RandomColumn& key = table().columns[random_.below(table().key_size)];
  const std::string before = key.name;
  const std::string after = fmt::format("\"key {}\"", ++made_);
  on_a(alter("rename column " + before + " to " + after));
  key.name = after;
  publish();
  pause(400);
  on_a(alter("rename column " + after + " to " + before));
  key.name = before;
  publish();
}

void Alterations::rename_table_for_a_while() {
  const std::string before = table().name;
  const std::string after = fmt::format("renamed_{}", ++made_);
  on_a(alter("rename to " + after));
  table().name = after;
  publish();
  pause(400);
  on_a(alter("rename to " + before));
  table().name = before;
  publish();
}

void Alterations::rename_on_b_for_a_while() {
  const std::string after = fmt::format("renamed_{}", ++made_);
  on_b(alter("rename to " + after));
  pause(300);
  on_b("alter table " + after + " rename to " + table().name);
}

// Written to before it is captured again; `migrate` copies it.
void Alterations::create_anew() {
  // Its parent may be truncated while it is not captured: its rows on B would stand in the way.
  const bool holds = table().parent && schema_.b_checks_references;
  if (schema_.referenced(at_) || holds) return;
  std::string sql =
      "drop table " + table().name + " cascade; " + table().definition(table().partitioned, table().unlogged);
  for (const auto& leaf : table().leaves) sql += "; " + table().create_leaf(leaf);
  for (const auto& more : table().setup_a) sql += "; " + more;
  on_a(sql);
  pause(200);
  replicator_.while_stopped([&] { penstock({"migrate"}); });
}

// Bounds that no leaf has.
std::string Alterations::new_bounds() {
  const int from = 45 + 15 * ++made_;
  return table().partitioned == "range" ? fmt::format("for values from ({}) to ({})", from, from + 15)
                                        : fmt::format("for values in ({}, {}, {})", from, from + 1, from + 2);
}

void Alterations::create_partition() {
  if (table().partitioned.empty() || table().partitioned == "hash") return;
  const std::string bounds = new_bounds();
  on_a(fmt::format("create table leaf_{} partition of {} {}", made_, table().name, bounds));
  partitions_changed_ = true;
}

// With a row in it, and its columns in the order of today.
void Alterations::attach_partition() {
  if (table().partitioned.empty() || table().partitioned == "hash") return;
  const std::string bounds = new_bounds();
  std::string names = "k1";
  std::string row = std::to_string(45 + 15 * made_);
  for (std::size_t i = 1; i < table().columns.size(); ++i) {
    const RandomColumn& column = table().columns[i];
    const bool reference = table().parent && i + 1 == table().columns.size();
    if (reference || !column.extra.empty()) continue;
    names += ", " + column.name;
    row += ", (" + (i < table().key_size ? random_key(random_, column.type) : random_value(random_, column.type)) +
           ")::" + column.type;
  }
  on_a(
      fmt::format("create table leaf_{0} (like {1} including defaults including generated); insert into leaf_{0} ({2}) "
                  "values ({3}); "
                  "alter table {1} attach partition leaf_{0} {4}",
                  made_, table().name, names, row, bounds));
  partitions_changed_ = true;
}

// What it held stays on B until the table is copied again.
void Alterations::detach_partition() {
  if (table().leaves.size() < 2 || table().partitioned == "hash" || schema_.referenced(at_)) return;
  const RandomLeaf leaf = table().leaves.back();
  table().leaves.pop_back();
  publish();
  on_a(alter("detach partition " + leaf.name));
  partitions_changed_ = true;
  pause(100);
  try {
    on_a(random_.chance(0.5) ? alter("attach partition " + leaf.name + " " + leaf.bounds) : "drop table " + leaf.name);
  } catch (const Failed&) {
    on_a("drop table " + leaf.name);  // its keys went to the default partition meanwhile
  }
  penstock({"migrate"});
  penstock({"backfill", "public." + table().name});
}

void Alterations::backfill() {
  std::vector<std::string> command{"backfill", "public." + table().name};
  if (random_.chance(0.5)) command.emplace_back("--no-wait");
  penstock(command);
}

// A partition that is new is noticed in a few seconds, or by `migrate`.
void Alterations::verify() {
  if (partitions_changed_) penstock({"migrate"});
  penstock(random_.chance(0.5) ? std::vector<std::string>{"verify"} : std::vector<std::string>{"verify", "--repair"});
}

}  // namespace penstock::test
