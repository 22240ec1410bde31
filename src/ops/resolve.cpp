#include "ops/resolve.hpp"

#include <algorithm>

#include "kafka/admin.hpp"
#include "ops/choose_tables.hpp"
#include "ops/table_facts.hpp"
#include "sql/embedded_sql.hpp"

namespace penstock::ops {
namespace {

std::string joined(const std::vector<std::string>& names) {
  std::string out;
  for (const auto& name : names) out += (out.empty() ? "" : ", ") + name;
  return out;
}

// The server puts the statements together, and quotes: sql/common/index_statements.sql.
Task<IndexToBuild> index_to_build(pg::Connection& connection, const std::string& pipeline, const std::string& table,
                                  const std::vector<std::string>& columns) {
  const pg::Result row =
      co_await connection.query(sql::common::index_statements, pg::Params::of(pipeline, table, columns));
  IndexToBuild index;
  index.table = table;
  index.columns = columns;
  index.name = row.text(0, 0);
  index.create = row.text(0, 1);
  index.drop = row.text(0, 2);
  co_return index;
}

// Under the name that index_statements gives, so migrate built it, perhaps one that was interrupted afterwards.
bool is_ours(const IndexFacts& index, const std::string& pipeline, const TableFacts& table) {
  return index.name.ends_with(".penstock_" + pipeline + "_" + std::to_string(table.oid) + "_key");
}

// The key's columns on A; none where the table has no primary key and none is declared. Only a key that is unique at
// once and never NULL makes the journal's order the order of commits.
std::vector<std::string> key_of(const std::string& pipeline, const Config::Table& table, const TableFacts& a,
                                bool& build, bool& ours) {
  if (table.key.empty()) {
    const IndexFacts* primary = a.primary_key();
    if (primary == nullptr) return {};
    if (!primary->immediate) {
      throw ConfigError(table.place, "the primary key of " + a.name +
                                         " is deferrable, so two rows may share it for a "
                                         "while; make it not deferrable, or name another key");
    }
    return primary->columns;
  }
  for (const auto& column : table.key) {
    const ColumnFacts* facts = a.column(column);
    if (facts == nullptr) {
      throw ConfigError(table.place,
                        a.name + " has no column \"" + column + "\" for its key; it has " + joined(a.column_names()));
    }
    if (facts->nullable) {
      throw ConfigError(table.place, "key column \"" + column + "\" of " + a.name +
                                         " may be NULL, and NULLs are never "
                                         "equal; run  alter table " +
                                         a.name + " alter column " + column + " set not null");
    }
  }
  const IndexFacts* index = a.index_on(table.key);
  if (index != nullptr && !index->immediate) {
    throw ConfigError(table.place, "the unique constraint on the key of " + a.name +
                                       " is deferrable, so two rows may "
                                       "share it for a while; make it not deferrable");
  }
  build = index == nullptr || !index->valid;
  if (index != nullptr) ours = is_ours(*index, pipeline, a);
  ours = ours || build;
  if (build && a.partitioned) {
    throw ConfigError(table.place, a.name + " is partitioned and has no unique index on its key (" + joined(table.key) +
                                       "); it cannot be built without holding up writers: create it yourself first");
  }
  return table.key;
}

// Refusals that only the server can know: rights, row level security, casts (migrations/source).
Task<void> check_capture(pg::Connection& a, const Config::Table& table, const TableFacts& facts,
                         const std::vector<std::string>& key) {
  const pg::Result there = co_await a.query(
      "select to_regnamespace('penstock') is not null and "
      "to_regprocedure('penstock.check_table(regclass, text[])') is not null");
  if (!there.boolean(0, 0)) co_return;
  const pg::Result refusals = co_await a.query("select message from penstock.check_table($1::oid::regclass, $2)",
                                               pg::Params::of(facts.oid, key));
  if (!refusals.empty()) throw ConfigError(table.place, std::string(refusals.text(0, 0)));
}

// A column of A that B lacks would hold up the first change.
void check_columns(const Config::Table& table, const TableFacts& a, const TableFacts& b) {
  for (const auto& column : a.columns) {
    if (b.column(column.name) != nullptr || table.on_drift != "wait") continue;
    throw ConfigError(table.place, "B's " + b.name + " has no column \"" + column.name + "\", which A's " + a.name +
                                       " has; add it to B, or set on_drift to \"ignore\" or \"reject\"");
  }
}

// Rights on B that the applier needs.
Task<void> check_rights(pg::Connection& b, const Config::Table& table, const TableFacts& target) {
  const pg::Result lacking = co_await b.query(sql::common::lacking_rights, pg::Params::of(target.oid));
  if (!lacking.empty()) {
    throw ConfigError(table.place,
                      "B's " + target.name + " cannot be written; run on B  " + std::string(lacking.text(0, 0)));
  }
}

// triggers = "off" is done by session_replication_role.
Task<void> check_replica_right(pg::Connection& b, const Config::Table& table, const TableFacts& target) {
  const std::string_view role_of = b.server_version() >= 150'000
                                       ? sql::common::may_replicate
                                       : std::string_view("select current_setting('is_superuser') = 'on', null");
  const pg::Result may = co_await b.query(role_of);
  if (may.boolean(0, 0)) co_return;
  throw ConfigError(table.place, "triggers = \"off\" for B's " + target.name + " needs " +
                                     (may.is_null(0, 1) ? "a superuser on B before PostgreSQL 15"
                                                        : "a right; run on B  " + std::string(may.text(0, 1))));
}

// What would make every change fail on B.
void check_target(const Config::Table& table, const TableFacts& a, const TableFacts& b) {
  if (!b.ordinary) throw ConfigError(table.place, "B's " + b.name + " is not an ordinary table");
  if (b.unlogged) {
    throw ConfigError(table.place, "B's " + b.name +
                                       " is unlogged: a crash of B would empty it, and nothing would come again; run "
                                       "alter table ... set logged there");
  }
  for (const auto& column : b.columns) {
    const bool filled = a.column(column.name) != nullptr;
    if (filled || column.nullable || column.defaulted) continue;
    throw ConfigError(table.place, "column \"" + column.name + "\" of B's " + b.name +
                                       " is NOT NULL, has no default, and A has no such column: every row would be "
                                       "refused; give it a default");
  }
}

// A row without a key is found by what it holds, and an update takes it away and adds another.
Task<void> check_references(pg::Connection& b, const Config::Table& table, const TableFacts& target, bool triggers) {
  const pg::Result found = co_await b.query(sql::common::acting_references, pg::Params::of(target.oid, triggers));
  if (found.empty()) co_return;
  const std::string cure = found.boolean(0, 1)
                               ? " refers to it, which a table without a key cannot bear; drop it on B, or name a key"
                               : " would change rows that the applier must find as they are; give it NO ACTION or ON "
                                 "DELETE CASCADE on B, or set triggers = \"off\"";
  throw ConfigError(table.place,
                    "B's " + target.name + " has no key, and foreign key " + std::string(found.text(0, 0)) + cure);
}

// Returns whether the key needs an index on B.
bool check_key_on_target(const std::string& pipeline, const Config::Table& table, const TableFacts& b,
                         const std::vector<std::string>& key, Resolved& out) {
  if (key.empty()) return false;
  const IndexFacts* index = b.index_on(key);
  if (index != nullptr && !index->immediate) {
    throw ConfigError(table.place,
                      "the unique constraint on the key of B's " + b.name + " is deferrable; make it not deferrable");
  }
  const bool build = index == nullptr || !index->valid;
  if (build && b.partitioned) {
    throw ConfigError(table.place, "B's " + b.name + " is partitioned and has no unique index on its key (" +
                                       joined(key) + "); it cannot be built concurrently: create it yourself first");
  }
  if (!build && is_ours(*index, pipeline, b)) out.spec.indexes_built.push_back(index->name);
  return build;
}

// B itself says whether it understands the rule.
Task<void> check_rule(pg::Connection& b, const Config::Rule& rule, const TableFacts& target) {
  std::string complaint;
  try {
    co_await b.query("select from " + target.name + " where (" + rule.check + "\n) is not false limit 0");
  } catch (const pg::Error& error) {
    if (error.transient()) throw;
    complaint = error.what();
  }
  if (!complaint.empty()) throw ConfigError(rule.place, "rule \"" + rule.name + "\" is not understood by " + complaint);
}

Task<PipelineSpec::Table> resolve_table(const Config& config, const ChosenTable& chosen, pg::Connection& a,
                                        pg::Connection& b, Resolved& out) {
  const Config::Table& table = *chosen.configured;
  const SqlName& source = chosen.source;
  const TableFacts on_a = co_await find_table(a, source, "A", table.place);
  if (!on_a.ordinary) {
    throw ConfigError(
        table.place,
        on_a.name +
            " is a view, a foreign table or a partition; name an ordinary table, or the root of the partitions");
  }
  bool build = false;
  PipelineSpec::Table spec;
  const std::string& pipeline = config.pipeline.name;
  bool ours = false;
  spec.key = key_of(pipeline, table, on_a, build, ours);
  out.index_is_ours.push_back(ours);
  if (build) {
    IndexToBuild index = co_await index_to_build(a, pipeline, on_a.name, spec.key);
    out.on_a.push_back(std::move(index));
  }
  co_await check_capture(a, table, on_a, table.key);
  const TableFacts on_b = co_await find_table(b, chosen.target, "B", table.place);
  spec.relation = on_a.name;
  spec.source_schema = source.schema;
  spec.source_table = source.table;
  spec.target = on_b.name;
  check_columns(table, on_a, on_b);
  spec.on_drift = PipelineSpec::on_drift_of(table.on_drift);
  spec.triggers = table.triggers == "on";
  spec.topic = kafka::table_topic(config.kafka.topic_prefix, source.schema, source.table);
  const bool stable = std::all_of(spec.key.begin(), spec.key.end(),
                                  [&](const auto& column) { return on_a.column(column)->text_stable; });
  // Without a key the one partition: equal rows that are written differently are the same row.
  spec.partitions = stable && !spec.key.empty() ? config.kafka.partitions : 1;
  co_await check_rights(b, table, on_b);
  if (!spec.triggers) co_await check_replica_right(b, table, on_b);
  check_target(table, on_a, on_b);
  if (spec.key.empty()) co_await check_references(b, table, on_b, spec.triggers);
  const bool build_on_b = check_key_on_target(pipeline, table, on_b, spec.key, out);
  if (build_on_b) {
    IndexToBuild index = co_await index_to_build(b, pipeline, on_b.name, spec.key);
    out.spec.indexes_built.push_back(index.name);
    out.on_b.push_back(std::move(index));
  }
  for (const auto& rule : config.rules) {
    const SqlName of = *parse_sql_name(rule.table);
    if (of.schema != source.schema || of.table != source.table) continue;
    co_await check_rule(b, rule, on_b);
    spec.rules.push_back({rule.name, rule.check});
  }
  co_return spec;
}

// TRUNCATE takes tables that a foreign key joins together or not at all, and fires the triggers of all or of none.
Task<void> check_mixed_triggers(pg::Connection& b, const PipelineSpec& spec, const std::vector<ChosenTable>& tables) {
  std::vector<std::string> silent, firing;
  const Config::Table* place = nullptr;
  for (std::size_t i = 0; i < tables.size(); ++i) {
    (spec.tables[i].triggers ? firing : silent).push_back(spec.tables[i].target);
    if (!spec.tables[i].triggers) place = tables[i].configured;
  }
  if (silent.empty() || firing.empty()) co_return;
  const pg::Result joined = co_await b.query(sql::common::mixed_triggers, pg::Params::of(silent, firing));
  if (joined.empty()) co_return;
  throw ConfigError(place->place, "a foreign key joins B's " + std::string(joined.text(0, 0)) + " to " +
                                      std::string(joined.text(0, 1)) +
                                      ", so both must have triggers = \"off\", or neither");
}

// A row may go before it comes where statements run inside statements, and only the end of a batch tells whether it was
// ever there.
void check_keyless(const PipelineSpec& spec, const std::vector<ChosenTable>& tables) {
  for (std::size_t i = 0; i < tables.size(); ++i) {
    if (!spec.tables[i].key.empty()) continue;
    throw ConfigError(tables[i].configured->place,
                      spec.tables[i].relation +
                          " has no key, and consistency = \"key\" cannot do without: name columns that tell its rows "
                          "apart (key = [...]), or give it a pipeline of its own with consistency = \"batch\"");
  }
}

// A row that goes takes others along, or changes them: those may have been written again by then.
Task<void> check_acting_between(pg::Connection& b, const PipelineSpec& spec, const std::vector<ChosenTable>& tables) {
  std::vector<std::string> firing;
  for (const auto& table : spec.tables) {
    if (table.triggers) firing.push_back(table.target);
  }
  const pg::Result found = co_await b.query(sql::common::acting_between, pg::Params::of(firing));
  if (found.empty()) co_return;
  throw ConfigError(tables.front().configured->place,
                    "foreign key " + std::string(found.text(0, 0)) + " on B's " + std::string(found.text(0, 1)) +
                        " changes other rows when one goes, which consistency = \"key\" cannot bear, since tables are "
                        "applied independently: give it NO ACTION on B, set triggers = \"off\" for both, or leave "
                        "consistency at \"batch\"");
}

}  // namespace

Task<Resolved> resolve(const Config& config, pg::Connection& a, pg::Connection& b) {
  Resolved out;
  out.spec.pipeline = config.pipeline.name;
  out.spec.dead_letter_topic = kafka::dead_letter_topic(config.kafka.topic_prefix, config.pipeline.name);
  const std::vector<ChosenTable> tables = co_await choose_tables(config, a);
  for (const auto& table : tables) {
    PipelineSpec::Table spec = co_await resolve_table(config, table, a, b, out);
    out.spec.tables.push_back(std::move(spec));
    out.declared_keys.push_back(table.configured->key);
  }
  co_await check_mixed_triggers(b, out.spec, tables);
  out.spec.by_key = config.pipeline.consistency == Config::Consistency::key;
  if (out.spec.by_key) check_keyless(out.spec, tables);
  if (out.spec.by_key) co_await check_acting_between(b, out.spec, tables);
  co_return out;
}

}  // namespace penstock::ops
