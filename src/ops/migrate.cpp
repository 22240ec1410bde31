#include "ops/migrate.hpp"

#include <algorithm>

#include <spdlog/fmt/fmt.h>

#include "base/log.hpp"
#include "model/journal_sql.hpp"
#include "ops/epoch.hpp"
#include "ops/indexes.hpp"
#include "ops/migrations.hpp"
#include "ops/partitions.hpp"
#include "ops/patience.hpp"
#include "ops/plan.hpp"
#include "ops/spec.hpp"
#include "ops/topics.hpp"

namespace penstock::ops {
namespace {

using namespace std::chrono_literals;

// Another migrate may build an index meanwhile; a replicator finishes the batch in hand.
constexpr auto kMigrateLockWithin = 600s;
constexpr auto kReplicatorEndsWithin = 15s;

class Migration {
 public:
  Migration(const Config& config, bool new_epoch)
      : config_(config), pipeline_(config.pipeline.name), new_epoch_(new_epoch) {}

  Task<int> run() {
    co_await connect();
    if (!new_epoch_) co_await refuse_another_life();
    co_await apply_all_migrations();
    MigratePlan plan = co_await make_plan(config_, *a_, *b_);
    const bool changing = new_epoch_ || !plan.stands();
    if (changing) co_await begin_change(plan);
    co_await make_topics(plan);
    co_await build_indexes(plan);
    co_await install_capture(plan);
    co_await release_removed(plan);
    if (new_epoch_) {
      co_await begin_epoch(config_, plan.resolved.spec, *a_, *b_);
      ++changes_;
    } else {
      co_await start_slot(plan);
    }
    if (changing) co_await store(plan.resolved.spec);
    if (changing && changes_ == 0) {
      log::info("migrate: the rules and settings of the configuration are installed");
      ++changes_;
    }
    co_await say_doubts();
    co_return changes_;
  }

 private:
  Task<void> connect() {
    pg::Connection a = co_await pg::Connection::connect({config_.source.dsn, "A"});
    pg::Connection b = co_await pg::Connection::connect({config_.target.dsn, "B"});
    a_.emplace(std::move(a));
    b_.emplace(std::move(b));
    co_await refuse_one_database(*a_, *b_);
    co_await wait_for_lock(*a_, pipeline_, "migrate", kMigrateLockWithin,
                           "another `penstock migrate` of this pipeline is at work on A");
    co_await wait_for_lock(*b_, pipeline_, "migrate", kMigrateLockWithin,
                           "another `penstock migrate` of this pipeline is at work on B");
  }

  Task<void> refuse_another_life() {
    const std::string broken = co_await broken_chain(*a_, *b_, pipeline_);
    if (!broken.empty()) throw Failure(ErrorKind::safety, broken);
  }

  Task<void> apply_all_migrations() {
    co_await wait_for_schema(*a_, "A");
    changes_ += co_await apply_migrations(*a_, sql::source_migrations(), "A");
    co_await unlock_schema(*a_);
    co_await wait_for_schema(*b_, "B");
    changes_ += co_await apply_migrations(*b_, sql::target_migrations(), "B");
    co_await unlock_schema(*b_);
  }

  // Nothing moves while tables, keys or rules change: no replicator works by the old ones. What is about to be made is
  // stored before it is made, so that uninstall finds it after an interruption too; without `written`, `run` refuses
  // it.
  Task<void> begin_change(const MigratePlan& plan) {
    const std::string message = "a replicator of pipeline " + pipeline_ + " is running" +
                                (new_epoch_ ? "" : ", and the configuration changed") +
                                ": stop it, migrate, start it again";
    co_await wait_for_lock(*a_, pipeline_, "capture", kReplicatorEndsWithin, message);
    co_await wait_for_lock(*b_, pipeline_, "apply", kReplicatorEndsWithin, message);
    if (!plan.removed.empty() && !new_epoch_) co_await refuse_batch_under_way(plan);
    PipelineSpec intended = plan.resolved.spec;
    intended.written.clear();
    co_await store_spec(*a_, intended);
    co_await store_spec(*b_, intended);
  }

  // The batch in hand may hold changes of the removed tables, on its way to Kafka or from there.
  Task<void> refuse_batch_under_way(const MigratePlan& plan) {
    const pg::Result slot = co_await a_->query(sql::source::newest_slot, pg::Params::of(pipeline_));
    if (slot.empty()) co_return;
    const bool acknowledged = slot.text(0, 3) == "ack";
    const bool applied = co_await has_applied(plan, slot.int64(0, 1));
    if (acknowledged && applied) co_return;
    throw Failure(ErrorKind::usage, "a batch is under way, which may hold changes of " +
                                        fmt::format("{}", fmt::join(plan.removed, ", ")) +
                                        ": with the tables as they were, `penstock run --once` first");
  }

  // An acknowledged batch.
  Task<bool> has_applied(const MigratePlan& plan, std::int64_t batch) {
    if (plan.before && plan.before->by_key) {
      const PartitionEnds wanted = co_await ends_in_kafka(config_, *plan.before);
      const PartitionEnds there = co_await ends_on_b(*b_, pipeline_);
      co_return reached(wanted, there);
    }
    const pg::Result offsets = co_await b_->query(sql::target::newest_offsets, pg::Params::of(pipeline_));
    co_return !offsets.empty() && offsets.int64(0, 1) >= batch;
  }

  Task<void> make_topics(const MigratePlan& plan) {
    if (plan.topics.empty()) co_return;
    co_await create_topics(config_, plan.topics);
    changes_ += static_cast<int>(plan.topics.size());
  }

  Task<void> build_indexes(const MigratePlan& plan) {
    for (const auto& index : plan.resolved.on_a) co_await build_unique_index(*a_, "A", index);
    for (const auto& index : plan.resolved.on_b) co_await build_unique_index(*b_, "B", index);
    changes_ += static_cast<int>(plan.resolved.on_a.size() + plan.resolved.on_b.size());
  }

  Task<void> install_capture(const MigratePlan& plan) {
    co_await a_->query("select penstock.create_journal($1)", pg::Params::of(pipeline_));
    const Resolved& resolved = plan.resolved;
    for (std::size_t i = 0; i < resolved.spec.tables.size(); ++i) {
      const auto& table = resolved.spec.tables[i];
      std::vector<Statement> statements;
      statements.push_back(capture_of(table.relation, resolved.declared_keys[i], resolved.index_is_ours[i]));
      const bool anew = is_to_be_copied_anew(plan, table.relation);
      if (anew) statements.push_back(copy_anew(table.relation));
      const bool changed = co_await capture_table(table.relation, statements);
      if (anew) log::info("migrate: {} was created anew on A: B's copy is emptied, and copied anew", table.relation);
      if (!changed) continue;
      if (table.key.empty()) {
        log::info("migrate: A captures {}: it has no key, so whole rows are compared and counted", table.relation);
      } else {
        log::info("migrate: A captures {} (key {})", table.relation, fmt::join(table.key, ", "));
      }
      ++changes_;
    }
  }

  // Installs the triggers where they are missing. The statement takes a lock that writers would queue behind.
  Statement capture_of(const std::string& relation, const std::vector<std::string>& declared, bool built) const {
    Statement capture{sql::source::capture_table, pg::Params::of(pipeline_, relation)};
    if (declared.empty()) {
      capture.params.add_null();
    } else {
      capture.params.add(declared);
    }
    capture.params.add(built);
    return capture;
  }

  bool is_to_be_copied_anew(const MigratePlan& plan, const std::string& relation) const {
    if (new_epoch_ || config_.pipeline.snapshot == Config::Snapshot::never) return false;
    return std::find(plan.recreated.begin(), plan.recreated.end(), relation) != plan.recreated.end();
  }

  // What B holds is of the table that was there before. In the transaction that captures the new one: once that has
  // committed, nothing tells any more that it is another table.
  Statement copy_anew(const std::string& relation) const {
    return {"select penstock.copy_anew($1, $2)", pg::Params::of(pipeline_, relation)};
  }

  Task<bool> capture_table(const std::string& relation, const std::vector<Statement>& statements) {
    const pg::Params which = pg::Params::of(pipeline_, relation);
    const pg::Result before = co_await a_->query(sql::source::triggers_of, which);
    co_await run_patiently(*a_, statements, relation);
    const pg::Result after = co_await a_->query(sql::source::triggers_of, which);
    co_return before.text(0, 0) != after.text(0, 0);
  }

  // Tables that the configuration names no more, and the indexes built for them.
  Task<void> release_removed(const MigratePlan& plan) {
    for (const auto& relation : plan.removed) {
      const pg::Params which = pg::Params::of(pipeline_, relation);
      const pg::Result index = co_await a_->query(sql::source::indexes_built, which);
      // In one transaction: a relation that is released and still in the slot would not be copied when it comes back.
      const std::string forget = journal_sql(sql::source::forget_table, pipeline_);
      std::vector<Statement> release;
      release.emplace_back("select penstock.release_table($1, $2)", pg::Params::of(pipeline_, relation));
      release.emplace_back(forget, pg::Params::of(pipeline_, relation));
      co_await run_patiently(*a_, release, relation);
      for (int row = 0; row < index.rows(); ++row) {
        co_await drop_index(*a_, "A", std::string(index.text(row, 0)));
      }
      log::info("migrate: A captures {} no more", relation);
      ++changes_;
    }
  }

  // The slot's first row, or an initial copy for tables that are new. Behind the triggers' commit.
  Task<void> start_slot(const MigratePlan& plan) {
    if (plan.added.empty()) co_return;
    pg::Params params = pg::Params::of(pipeline_, plan.added);
    params.add(config_.pipeline.snapshot == Config::Snapshot::initial);
    co_await a_->query(sql::source::start_slot, params);
    ++changes_;
  }

  // Triggers that were missing are there again; what they missed is not.
  Task<void> say_doubts() {
    const pg::Result doubts = co_await a_->query("select message from penstock.doubts($1)", pg::Params::of(pipeline_));
    for (int row = 0; row < doubts.rows(); ++row) log::warn("migrate: {}", doubts.text(row, 0));
  }

  Task<void> store(const PipelineSpec& spec) {
    co_await store_spec(*a_, spec);
    co_await store_spec(*b_, spec);
    ++changes_;
  }

  const Config& config_;
  const std::string pipeline_;
  const bool new_epoch_;
  std::optional<pg::Connection> a_, b_;
  int changes_ = 0;
};

}  // namespace

Task<int> migrate(const Config& config, bool new_epoch) {
  Migration migration(config, new_epoch);
  const int changes = co_await migration.run();
  co_return changes;
}

}  // namespace penstock::ops
