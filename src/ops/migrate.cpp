#include "ops/migrate.hpp"

#include <algorithm>

#include <spdlog/fmt/fmt.h>

#include "base/log.hpp"
#include "model/json_text.hpp"
#include "ops/indexes.hpp"
#include "ops/migrations.hpp"
#include "ops/patience.hpp"
#include "ops/resolve.hpp"
#include "ops/spec.hpp"
#include "ops/topics.hpp"
#include "pg/connection.hpp"

namespace penstock::ops {
namespace {

using namespace std::chrono_literals;

// Another migrate may build an index meanwhile; a replicator finishes the batch in hand.
constexpr auto kMigrateLockWithin = 600s;
constexpr auto kCaptureLockWithin = 15s;

class Migration {
 public:
  explicit Migration(const Config& config) : config_(config), pipeline_(config.pipeline.name) {}

  Task<int> run() {
    co_await connect();
    changes_ += co_await apply_migrations(*a_, sql::source_migrations(), "A");
    changes_ += co_await apply_migrations(*b_, sql::target_migrations(), "B");
    Resolved resolved = co_await resolve(config_, *a_, *b_);
    const bool first = !(co_await has_slot());
    co_await make_the_topics(resolved.spec, first);
    co_await build_indexes(resolved);
    co_await install_capture(resolved);
    co_await start_slot(resolved.spec);
    resolved.spec.written = written_form(config_);
    co_await keep_spec(*a_, resolved.spec);
    co_await keep_spec(*b_, resolved.spec);
    co_return changes_;
  }

 private:
  Task<void> connect() {
    pg::Connection a = co_await pg::Connection::connect({config_.source.dsn, "A"});
    pg::Connection b = co_await pg::Connection::connect({config_.target.dsn, "B"});
    a_.emplace(std::move(a));
    b_.emplace(std::move(b));
    co_await wait_for_lock(*a_, pipeline_, "migrate", kMigrateLockWithin,
                           "another `penstock migrate` of this pipeline is at work on A");
    co_await wait_for_lock(*b_, pipeline_, "migrate", kMigrateLockWithin,
                           "another `penstock migrate` of this pipeline is at work on B");
    co_await set_short_lock_timeout(*a_);
    co_await set_short_lock_timeout(*b_);
  }

  Task<bool> has_slot() {
    const pg::Result row = co_await a_->query("select exists (select from penstock.slot where pipeline = $1)",
                                              pg::Params().add(pipeline_));
    co_return row.boolean(0, 0);
  }

  Task<void> make_the_topics(const PipelineSpec& spec, bool first) {
    const auto created = co_await make_topics(config_, spec, first);
    for (const auto& topic : created) log::info("migrate: Kafka topic {}", topic);
    changes_ += static_cast<int>(created.size());
  }

  Task<void> build_indexes(Resolved& resolved) {
    for (const auto& index : resolved.on_a) {
      const std::string name = co_await build_unique_index(*a_, "A", pipeline_, index);
      built_on_a_.push_back(index.table);
      ++changes_;
    }
    const auto before = co_await previous_spec(*b_);
    if (before) resolved.spec.indexes_built = before->indexes_built;
    for (const auto& index : resolved.on_b) {
      const std::string name = co_await build_unique_index(*b_, "B", pipeline_, index);
      resolved.spec.indexes_built.push_back(name);
      ++changes_;
    }
    co_await set_short_lock_timeout(*a_);
    co_await set_short_lock_timeout(*b_);
  }

  Task<std::optional<PipelineSpec>> previous_spec(pg::Connection& connection) {
    const pg::Result row = co_await connection.query("select configuration from penstock.pipeline where pipeline = $1",
                                                     pg::Params().add(pipeline_));
    if (row.empty()) co_return std::nullopt;
    co_return PipelineSpec::from_json(row.text(0, 0));
  }

  Task<void> install_capture(const Resolved& resolved) {
    co_await a_->query("select penstock.create_journal($1)", pg::Params().add(pipeline_));
    for (std::size_t i = 0; i < resolved.spec.tables.size(); ++i) {
      const auto& table = resolved.spec.tables[i];
      const bool built = std::find(built_on_a_.begin(), built_on_a_.end(), table.relation) != built_on_a_.end();
      const bool changed = co_await capture_table(table, resolved.declared_keys[i], built);
      if (!changed) continue;
      log::info("migrate: A captures {} (key {})", table.relation, fmt::join(table.key, ", "));
      ++changes_;
    }
    co_await release_others(resolved.spec);
  }

  // Installs the triggers where they are missing. The statement takes a lock that writers would queue behind, so
  // patiently.
  Task<bool> capture_table(const PipelineSpec::Table& table, const std::vector<std::string>& declared, bool built) {
    const std::string before = co_await triggers_of(table.relation);
    pg::Params params;
    params.add(pipeline_).add(table.relation);
    if (declared.empty()) {
      params.add_null();
    } else {
      params.add(declared);
    }
    params.add(built);
    co_await query_patiently(*a_, "select penstock.capture_table($1, $2::text::regclass, $3::text[], $4)", params,
                             table.relation);
    const std::string after = co_await triggers_of(table.relation);
    co_return before != after;
  }

  Task<std::string> triggers_of(const std::string& relation) {
    pg::Params params;
    params.add(pipeline_).add(relation);
    const pg::Result row = co_await a_->query(
        "select coalesce(string_agg(t.tgrelid::text || '.' || t.tgname || '.' || t.oid, ' ' order by t.tgrelid, "
        "t.tgname), '') "
        "from pg_trigger as t where t.tgname like 'penstock\\_' || $1 || '\\_%' and t.tgrelid in "
        "(select $2::text::regclass::oid union select relid from pg_partition_tree($2::text::regclass))",
        params);
    co_return std::string(row.text(0, 0));
  }

  // Tables that the configuration names no more.
  Task<void> release_others(const PipelineSpec& spec) {
    std::vector<std::string> kept;
    for (const auto& table : spec.tables) kept.push_back(table.relation);
    pg::Params params;
    params.add(pipeline_).add(kept);
    const pg::Result others = co_await a_->query(
        "select relation from penstock.captured where pipeline = $1 and relation <> all ($2::text[])", params);
    for (int row = 0; row < others.rows(); ++row) {
      const std::string relation(others.text(row, 0));
      pg::Params released;
      released.add(pipeline_).add(relation);
      co_await query_patiently(*a_, "select penstock.release_table($1, $2)", released, relation);
      log::info("migrate: A captures {} no more", relation);
      ++changes_;
    }
  }

  // The slot's first row, or a backfill for tables that are new. The capture lock keeps the slot to one writer.
  Task<void> start_slot(const PipelineSpec& spec) {
    std::vector<std::string> relations;
    for (const auto& table : spec.tables) relations.push_back(table.relation);
    pg::Params params;
    params.add(pipeline_).add(relations).add(config_.pipeline.snapshot == Config::Snapshot::initial);
    const pg::Result missing =
        co_await a_->query("select penstock.slot_lacks($1, $2::text[])", pg::Params::of(pipeline_, relations));
    if (!missing.boolean(0, 0)) co_return;
    co_await wait_for_lock(
        *a_, pipeline_, "capture", kCaptureLockWithin,
        "a replicator is running, and tables can be added only while none does: stop it, migrate, start it again");
    co_await a_->query("select penstock.start_slot($1, $2::text[], $3)", params);
    co_await a_->query("select pg_advisory_unlock(penstock.lock_key($1, 'capture'))", pg::Params().add(pipeline_));
    ++changes_;
  }

  Task<void> keep_spec(pg::Connection& connection, const PipelineSpec& spec) {
    const auto before = co_await previous_spec(connection);
    if (before && *before == spec) co_return;
    co_await store_spec(connection, spec);
    ++changes_;
  }

  const Config& config_;
  const std::string pipeline_;
  std::optional<pg::Connection> a_, b_;
  std::vector<std::string> built_on_a_;
  int changes_ = 0;
};

}  // namespace

Task<int> migrate(const Config& config) {
  Migration migration(config);
  const int changes = co_await migration.run();
  co_return changes;
}

}  // namespace penstock::ops
