#include "ops/epoch.hpp"

#include <algorithm>
#include <set>

#include <spdlog/fmt/fmt.h>

#include "base/log.hpp"
#include "kafka/admin.hpp"
#include "kafka/topic_ends.hpp"
#include "model/chain.hpp"
#include "model/json_text.hpp"
#include "ops/backfill.hpp"
#include "ops/spec.hpp"
#include "sql/embedded_sql.hpp"

namespace penstock::ops {
namespace {

struct OnB {
  Epoch epoch{};
  BatchNo batch{};
  Nonce nonce{};
};

Task<bool> has_table(pg::Connection& connection, const std::string& name) {
  const pg::Result there = co_await connection.query("select to_regclass($1) is not null", pg::Params::of(name));
  co_return there.boolean(0, 0);
}

// Nothing where B never had a batch.
Task<std::optional<OnB>> read_b(pg::Connection& b, const std::string& pipeline) {
  const bool installed = co_await has_table(b, "penstock.offsets");
  if (!installed) co_return std::nullopt;
  const pg::Result row = co_await b.query(sql::target::newest_batch, pg::Params::of(pipeline));
  // Poison that came before the very first batch leaves a row of epoch 0.
  if (row.empty() || row.int64(0, 0) == 0) co_return std::nullopt;
  co_return OnB{Epoch{row.int64(0, 0)}, BatchNo{row.int64(0, 1)}, Nonce{row.int64(0, 2)}};
}

std::string what_breaks(const pg::Result& slot, const OnB& on_b) {
  if (slot.empty()) return "it has no slot of this pipeline: it was made anew";
  const Epoch epoch{slot.int64(0, 0)};
  const BatchNo batch{slot.int64(0, 1)};
  const std::string stands = fmt::format("its slot is at batch {} of {}", name_of(epoch, batch), slot.text(0, 3));
  if (!slot.boolean(0, 4)) return "its transaction ids are behind its slot's: a dump was restored?";
  if (!slot.boolean(0, 5)) return "its slot was written in another cluster: a dump was restored?";
  if (std::pair(on_b.epoch, on_b.batch) > std::pair(epoch, batch)) return stands + ", it went back in time";
  if (on_b.epoch < epoch) return stands + ", of a life that B has not accepted";
  if (!slot.is_null(0, 6) && Nonce{slot.int64(0, 6)} != on_b.nonce) {
    return stands + fmt::format(", and its batch {} is another one", name_of(on_b.epoch, on_b.batch));
  }
  return {};
}

Task<std::vector<kafka::TopicEnd>> ends_of_topics(const Config& config, const PipelineSpec& spec) {
  std::vector<kafka::TableTopic> topics;
  for (const auto& table : spec.tables) {
    topics.push_back({table.topic, table.partitions, table.source_schema, table.source_table});
  }
  const kafka::Cluster cluster{config.kafka.bootstrap_servers, config.kafka.consumer};
  const std::string group = kafka::consumer_group(config.kafka.topic_prefix, spec.pipeline);
  auto ends = co_await kafka::read_topic_ends(cluster, group, topics);
  co_return ends;
}

// Above all that A, B and Kafka know: none of it is taken for the new epoch's.
Task<std::int64_t> next_epoch(pg::Connection& a, const std::optional<OnB>& on_b,
                              const std::vector<kafka::TopicEnd>& ends, const std::string& pipeline) {
  const pg::Result slot = co_await a.query("select coalesce(max(epoch), 0) from penstock.slot where pipeline = $1",
                                           pg::Params::of(pipeline));
  Epoch newest{slot.int64(0, 0)};
  if (on_b) newest = std::max(newest, on_b->epoch);
  for (const auto& end : ends) {
    if (end.last) newest = std::max(newest, end.last->epoch);
  }
  co_return static_cast<std::int64_t>(newest) + 1;
}

// What is in the topics now is of another life.
std::string positions_at(const std::vector<kafka::TopicEnd>& ends, std::int64_t epoch) {
  std::string out = "[";
  for (const auto& end : ends) {
    out.append(out.size() > 1 ? ",{\"topic\":" : "{\"topic\":");
    append_json_string(out, end.where.topic);
    out += fmt::format(R"(,"partition":{},"next_offset":{},"epoch":{},"batch":0,"cdc_id":0,"ordinal":0}})",
                       end.where.partition, end.next_offset, epoch);
  }
  return out + "]";
}

// Tables that refer to others first: their rows go before those they refer to.
Task<std::vector<std::string>> referring_first(pg::Connection& a, const std::string& pipeline) {
  const pg::Result slot = co_await a.query(sql::source::newest_slot, pg::Params::of(pipeline));
  std::vector<std::string> relations;
  const std::string_view lines = slot.text(0, 11);
  for (std::size_t at = 0; at < lines.size();) {
    const std::size_t end = std::min(lines.find('\n', at), lines.size());
    relations.emplace_back(lines.substr(at, end - at));
    at = end + 1;
  }
  std::reverse(relations.begin(), relations.end());
  co_return relations;
}

Task<void> delete_what_only_b_has(const PipelineSpec& spec, pg::Connection& a, pg::Connection& b) {
  co_await a.script(sql::common::verify_session);
  co_await b.script(sql::common::verify_session);
  const std::vector<std::string> relations = co_await referring_first(a, spec.pipeline);
  for (const auto& relation : relations) {
    const auto table =
        std::find_if(spec.tables.begin(), spec.tables.end(), [&](const auto& one) { return one.relation == relation; });
    if (table == spec.tables.end() || table->key.empty()) continue;  // without a key it is emptied first
    const std::int64_t extra = co_await request_extra_rows(a, b, spec.pipeline, *table);
    if (extra > 0) log::info("migrate: {}: {} keys are on B alone, and are deleted there", relation, extra);
  }
}

}  // namespace

Task<std::string> broken_chain(pg::Connection& a, pg::Connection& b, const std::string& pipeline) {
  const std::optional<OnB> on_b = co_await read_b(b, pipeline);
  if (!on_b) co_return "";
  std::string what = "it has no slot of this pipeline: it was made anew";
  const bool installed = co_await has_table(a, "penstock.slot");
  if (installed) {
    pg::Params params = pg::Params::of(pipeline, static_cast<std::int64_t>(on_b->epoch));
    params.add(static_cast<std::int64_t>(on_b->batch));
    const pg::Result slot = co_await a.query(sql::source::life, params);
    what = what_breaks(slot, *on_b);
  }
  if (what.empty()) co_return "";
  co_return fmt::format(
      "A is not the database any more that B was copied from (B is at batch {}): {}. In doubt is what "
      "was committed on A since then: B may have it, A may not; {}",
      name_of(on_b->epoch, on_b->batch), what, kAcceptThisLife);
}

Task<void> begin_epoch(const Config& config, const PipelineSpec& spec, pg::Connection& a, pg::Connection& b) {
  const std::optional<OnB> on_b = co_await read_b(b, spec.pipeline);
  const auto ends = co_await ends_of_topics(config, spec);
  const std::int64_t epoch = co_await next_epoch(a, on_b, ends, spec.pipeline);
  const pg::Result begun =
      co_await a.query("select penstock.begin_epoch($1, $2)", pg::Params::of(spec.pipeline, epoch));
  co_await delete_what_only_b_has(spec, a, b);
  // Last: until then B takes the new epoch for what it is, another life.
  pg::Params params = pg::Params::of(spec.pipeline, epoch, begun.int64(0, 0));
  params.add(positions_at(ends, epoch));
  co_await b.query(spec.by_key ? sql::target::begin_epoch_by_key : sql::target::begin_epoch, params);
  log::info("migrate: A as it is now is accepted as epoch {}; everything is copied again", epoch);
}

}  // namespace penstock::ops
