#include <spdlog/fmt/fmt.h>

#include "ops/migrate.hpp"
#include "ops/migrations.hpp"
#include "ops/patience.hpp"
#include "ops/plan.hpp"
#include "pg/connection.hpp"

namespace penstock::ops {
namespace {

Task<std::string> pending(pg::Connection& connection, const std::string& side, std::span<const sql::Migration> all) {
  std::string out;
  const auto states = co_await migration_states(connection, all);
  const pg::Result there = co_await connection.query("select to_regclass('penstock.migration') is not null");
  if (!there.boolean(0, 0)) out += fmt::format("-- {}\n{}\n", side, bootstrap_script());
  for (const auto& state : states) {
    if (!state.applied_at.empty()) continue;
    out += fmt::format("-- {}: migration {:03} {}\nbegin;\n{}commit;\n\n", side, state.migration.number,
                       state.migration.name, script_of(state));
  }
  co_return out;
}

// A text[] literal of the server's own making; "null" for none.
Task<std::string> array_literal(pg::Connection& a, const std::vector<std::string>& texts) {
  if (texts.empty()) co_return "null";
  const pg::Result row = co_await a.query("select quote_literal($1::text[]::text)", pg::Params::of(texts));
  co_return std::string(row.text(0, 0));
}

Task<std::string> literal(pg::Connection& a, const std::string& text) {
  const pg::Result row = co_await a.query("select quote_literal($1::text)", pg::Params::of(text));
  co_return std::string(row.text(0, 0));
}

Task<std::string> capture(const MigratePlan& plan, pg::Connection& a) {
  const PipelineSpec& spec = plan.resolved.spec;
  std::string out =
      fmt::format("-- A: the journal, unless it is there\nselect penstock.create_journal('{}');\n\n", spec.pipeline);
  for (std::size_t i = 0; i < spec.tables.size(); ++i) {
    const std::string relation = co_await literal(a, spec.tables[i].relation);
    const std::string key = co_await array_literal(a, plan.resolved.declared_keys[i]);
    out += fmt::format(
        "-- A: the triggers of {} that are missing, under a short lock_timeout, again and again while it is in use\n"
        "select penstock.capture_table('{}', {}::regclass, {}, {});\n\n",
        spec.tables[i].relation, spec.pipeline, relation, key, static_cast<bool>(plan.resolved.index_is_ours[i]));
  }
  for (const auto& relation : plan.removed) {
    const std::string name = co_await literal(a, relation);
    out += fmt::format("-- A\nselect penstock.release_table('{}', {});\n\n", spec.pipeline, name);
  }
  co_return out;
}

// What is left: the slot, and what was resolved.
Task<std::string> records(const MigratePlan& plan, bool copy, pg::Connection& a) {
  std::string out;
  if (!plan.added.empty()) {
    const std::string added = co_await array_literal(a, plan.added);
    out += fmt::format(
        "-- A: the slot's first row, or an initial copy of new tables\nselect penstock.start_slot('{}', {}, {});\n\n",
        plan.resolved.spec.pipeline, added, copy);
  }
  for (const auto& relation : plan.recreated) {
    const std::string name = co_await literal(a, relation);
    if (copy) out += fmt::format("-- A\nselect penstock.copy_anew('{}', {});\n\n", plan.resolved.spec.pipeline, name);
  }
  if (plan.stands()) co_return out;
  const std::string configuration = co_await literal(a, plan.resolved.spec.to_json());
  out += fmt::format(
      "-- A and B\ninsert into penstock.pipeline (pipeline, configuration) values ('{}', {})\n"
      "    on conflict (pipeline) do update set configuration = excluded.configuration;\n",
      plan.resolved.spec.pipeline, configuration);
  co_return out;
}

}  // namespace

Task<std::string> migrate_dry_run(const Config& config) {
  pg::Connection a = co_await pg::Connection::connect({config.source.dsn, "A"});
  pg::Connection b = co_await pg::Connection::connect({config.target.dsn, "B"});
  co_await refuse_one_database(a, b);
  std::string out = co_await pending(a, "A", sql::source_migrations());
  const std::string on_b = co_await pending(b, "B", sql::target_migrations());
  out += on_b;
  const MigratePlan plan = co_await make_plan(config, a, b);
  for (const auto& topic : plan.topics) {
    out += fmt::format("-- Kafka: create topic {}, partitions {}", topic.name, topic.partitions);
    for (const auto& [name, value] : topic.config) out += fmt::format(", {}={}", name, value);
    out += "\n\n";
  }
  for (const auto& index : plan.resolved.on_a) out += fmt::format("-- A\n{};\n{};\n\n", index.drop, index.create);
  for (const auto& index : plan.resolved.on_b) out += fmt::format("-- B\n{};\n{};\n\n", index.drop, index.create);
  const std::string triggers = co_await capture(plan, a);
  const std::string stored = co_await records(plan, config.pipeline.snapshot == Config::Snapshot::initial, a);
  co_return out + triggers + stored;
}

}  // namespace penstock::ops
