#include "ops/plan.hpp"

#include <algorithm>

#include "ops/spec.hpp"
#include "ops/topics.hpp"
#include "sql/embedded_sql.hpp"

namespace penstock::ops {
namespace {

bool contains(const std::vector<std::string>& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

// Records of two pipelines in one topic would stop both.
Task<void> refuse_shared_topics(pg::Connection& a, const PipelineSpec& spec) {
  const pg::Result others = co_await a.query("select configuration from penstock.pipeline where pipeline <> $1",
                                             pg::Params::of(spec.pipeline));
  for (int row = 0; row < others.rows(); ++row) {
    const PipelineSpec other = PipelineSpec::from_json(others.text(row, 0));
    for (const auto& theirs : other.tables) {
      const bool shared = std::any_of(spec.tables.begin(), spec.tables.end(),
                                      [&](const auto& ours) { return ours.topic == theirs.topic; });
      if (!shared) continue;
      throw Failure(ErrorKind::usage, "topic " + theirs.topic + " belongs to pipeline " + other.pipeline +
                                          ": choose another kafka.topic_prefix");
    }
  }
}

// What is on B was copied under the old key, to the old target.
void refuse_changed_tables(const MigratePlan& plan) {
  if (!plan.before) return;
  for (const auto& now : plan.resolved.spec.tables) {
    for (const auto& was : plan.before->tables) {
      if (was.relation != now.relation || contains(plan.added, now.relation)) continue;
      if (was.key == now.key && was.target == now.target) continue;
      throw Failure(ErrorKind::usage, std::string("the ") + (was.key == now.key ? "target" : "key") + " of " +
                                          now.relation +
                                          " is not what it was installed with: take its [[table]] out, migrate, put it "
                                          "back in, migrate (it is then copied anew)");
    }
  }
}

// The two keep their offsets differently, and what is in Kafka belongs to the one it was written under.
void refuse_changed_consistency(const MigratePlan& plan) {
  if (!plan.before || plan.before->by_key == plan.resolved.spec.by_key) return;
  const std::string was = plan.before->by_key ? "key" : "batch";
  throw Failure(ErrorKind::usage, "the pipeline was installed with consistency = \"" + was +
                                      "\": with that, `penstock migrate uninstall`; then migrate with the other one "
                                      "(everything is copied anew)");
}

Task<void> read_slot(MigratePlan& plan, pg::Connection& a) {
  std::vector<std::string> relations;
  for (const auto& table : plan.resolved.spec.tables) relations.push_back(table.relation);
  const pg::Result there = co_await a.query("select to_regclass('penstock.slot') is not null");
  if (!there.boolean(0, 0)) {
    plan.added = relations;
    co_return;
  }
  const pg::Params params = pg::Params::of(plan.resolved.spec.pipeline, relations);
  const pg::Result added = co_await a.query(sql::source::unknown_to_slot, params);
  for (int row = 0; row < added.rows(); ++row) plan.added.emplace_back(added.text(row, 0));
  const pg::Result removed = co_await a.query(
      "select relation from penstock.captured where pipeline = $1 and relation <> all ($2::text[]) order by 1", params);
  for (int row = 0; row < removed.rows(); ++row) plan.removed.emplace_back(removed.text(row, 0));
  const pg::Result recreated = co_await a.query(
      "select relation from penstock.captured where pipeline = $1 and relation = any ($2::text[]) "
      "and root <> to_regclass(relation) order by 1",
      params);
  for (int row = 0; row < recreated.rows(); ++row) plan.recreated.emplace_back(recreated.text(row, 0));
}

// What earlier migrates made stays on record until uninstall takes it away.
void remember(PipelineSpec& spec, const std::optional<PipelineSpec>& before,
              const std::vector<kafka::TopicSpec>& topics) {
  if (before) {
    spec.topics_created = before->topics_created;
    for (const auto& index : before->indexes_built) {
      if (!contains(spec.indexes_built, index)) spec.indexes_built.push_back(index);
    }
  }
  for (const auto& topic : topics) {
    if (!contains(spec.topics_created, topic.name)) spec.topics_created.push_back(topic.name);
  }
  std::sort(spec.topics_created.begin(), spec.topics_created.end());
  std::sort(spec.indexes_built.begin(), spec.indexes_built.end());
}

}  // namespace

Task<MigratePlan> make_plan(const Config& config, pg::Connection& a, pg::Connection& b) {
  MigratePlan plan;
  plan.before = co_await spec_if_stored(b, config.pipeline.name);
  plan.resolved = co_await resolve(config, a, b);
  PipelineSpec& spec = plan.resolved.spec;
  spec.written = written_form(config);
  co_await read_slot(plan, a);
  refuse_changed_tables(plan);
  refuse_changed_consistency(plan);
  const std::optional<PipelineSpec> on_a = co_await spec_if_stored(a, config.pipeline.name);
  const pg::Result there = co_await a.query("select to_regclass('penstock.pipeline') is not null");
  if (there.boolean(0, 0)) co_await refuse_shared_topics(a, spec);
  plan.topics = co_await missing_topics(config, spec, plan.before);
  remember(spec, plan.before, plan.topics);
  // Interrupted between the two sides: store it again.
  if (on_a != plan.before) plan.before.reset();
  co_return plan;
}

}  // namespace penstock::ops
