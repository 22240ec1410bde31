#include "ops/dead_letters.hpp"

#include <spdlog/fmt/fmt.h>

#include "kafka/admin.hpp"
#include "kafka/consumer.hpp"
#include "model/json_text.hpp"
#include "ops/spec.hpp"
#include "sql/embedded_sql.hpp"

namespace penstock::ops {
namespace {

using namespace std::chrono_literals;

void add_optional(pg::Params& params, const std::optional<std::string>& value) {
  if (value) {
    params.add(*value);
  } else {
    params.add_null();
  }
}

void append_member(std::string& out, const char* name, const std::string& text) {
  out.append(out.empty() ? "{" : ",");
  append_json_string(out, name);
  out.push_back(':');
  if (text.empty()) {
    out.append("null");
  } else {
    append_json_string(out, text);
  }
}

std::string place(const kafka::TopicPartitionOffset& where) {
  return fmt::format("{}/{}/{}", where.topic, where.partition, where.offset);
}

Task<pg::Result> ask_ledger(pg::Connection& b, const pg::Params& params) {
  try {
    pg::Result rows = co_await b.query(sql::target::list_dead_letters, params);
    co_return rows;
  } catch (const pg::Error& error) {
    if (!error.sqlstate().starts_with("22")) throw;
  }
  // Of all that a person may ask for, only the time has a form that can be wrong.
  throw Failure(ErrorKind::usage, "--since needs a timestamp (2026-01-31 10:00) or an age (30m, 24h, 7d)");
}

}  // namespace

std::string DeadLetter::to_json() const {
  std::string out;
  append_member(out, "state", state);
  append_member(out, "table", relation);
  append_member(out, "key", key);
  append_member(out, "op", op);
  append_member(out, "stage", stage);
  append_member(out, "rule", rule);
  append_member(out, "sqlstate", sqlstate);
  append_member(out, "message", message);
  append_member(out, "rejected_at", rejected_at);
  append_member(out, "origin", place(origin));
  append_member(out, "dead_letter", place(letter));
  return out + fmt::format(",\"id\":{}}}", id);
}

std::string to_text(const std::vector<DeadLetter>& letters) {
  std::string out =
      fmt::format("{:>8} {:<11} {:<30} {:<24} {:<28} {}\n", "id", "state", "table", "key", "rule or SQLSTATE", "at");
  for (const auto& letter : letters) {
    out += fmt::format("{:>8} {:<11} {:<30} {:<24} {:<28} {}\n", letter.id, letter.state, letter.relation, letter.key,
                       letter.rule.empty() ? letter.stage + " " + letter.sqlstate : letter.rule, letter.rejected_at);
  }
  return out;
}

Task<std::vector<DeadLetter>> list_dead_letters(const Config& config, const DeadLetterFilter& filter) {
  pg::Connection b = co_await pg::Connection::connect({config.target.dsn, "B"});
  const PipelineSpec spec = co_await stored_spec(b, config.pipeline.name);
  pg::Params params = pg::Params::of(config.pipeline.name);
  add_optional(params, filter.rule);
  add_optional(params, filter.table ? std::optional(table_named(spec, *filter.table).relation) : std::nullopt);
  add_optional(params, filter.key);
  add_optional(params, filter.state);
  if (filter.id) {
    params.add(*filter.id);
  } else {
    params.add_null();
  }
  params.add(filter.limit);
  add_optional(params, filter.since);
  const pg::Result rows = co_await ask_ledger(b, params);
  std::vector<DeadLetter> letters;
  for (int row = 0; row < rows.rows(); ++row) {
    DeadLetter letter;
    letter.id = rows.int64(row, 0);
    std::string* const texts[] = {&letter.state, &letter.relation, &letter.key,     &letter.op,         &letter.stage,
                                  &letter.rule,  &letter.sqlstate, &letter.message, &letter.rejected_at};
    for (int i = 0; i < 9; ++i) *texts[i] = rows.text(row, i + 1);
    letter.origin = {std::string(rows.text(row, 10)), static_cast<std::int32_t>(rows.int64(row, 11)),
                     rows.int64(row, 12)};
    letter.letter = {std::string(rows.text(row, 13)), static_cast<std::int32_t>(rows.int64(row, 14)),
                     rows.int64(row, 15)};
    letters.push_back(std::move(letter));
  }
  co_return letters;
}

Task<std::optional<DeadLetterRecord>> read_dead_letter(const Config& config, const DeadLetter& letter) {
  auto executor = co_await asio::this_coro::executor;
  const kafka::Cluster cluster{config.kafka.bootstrap_servers, config.kafka.consumer};
  kafka::Admin admin(executor, {config.kafka.bootstrap_servers, config.kafka.producer});
  const std::vector<kafka::TopicPartition> where{{letter.letter.topic, letter.letter.partition}};
  const auto marks = co_await admin.watermarks(where);
  const auto mark = marks.find(where[0]);
  if (mark == marks.end() || letter.letter.offset < mark->second.low || letter.letter.offset >= mark->second.high) {
    co_return std::nullopt;
  }
  kafka::Consumer consumer(executor, cluster, "penstock-dlq-show");
  const std::vector<kafka::TopicPartitionOffset> from{letter.letter};
  consumer.assign(from);
  for (int tries = 0; tries < 100; ++tries) {
    const auto messages = co_await consumer.poll(1, 100ms);
    if (messages.empty()) continue;
    DeadLetterRecord record;
    record.key = messages[0].key().value_or("");
    record.value = messages[0].value();
    record.headers = messages[0].headers();
    co_return record;
  }
  throw Failure(ErrorKind::transient, "Kafka did not answer within 10 s");
}

}  // namespace penstock::ops
