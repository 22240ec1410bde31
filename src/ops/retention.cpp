#include "ops/retention.hpp"

#include <charconv>
#include <optional>

#include <spdlog/fmt/fmt.h>

#include "kafka/admin.hpp"
#include "kafka/lost_records.hpp"
#include "sql/embedded_sql.hpp"

namespace penstock::ops {
namespace {

// Kafka keeps what an applier that is away will need: below this the night it is noticed in may be too long.
constexpr std::int64_t kLeast_ms = 3'600'000;
// By size a single burst can outrun the applier.
constexpr std::int64_t kLeast_bytes = 1LL << 30;

// A setting that limits; nothing where there is no limit (-1).
std::optional<std::int64_t> limit(const kafka::TopicDescription& topic, const char* name) {
  const auto found = topic.config.find(name);
  std::int64_t value = -1;
  if (found == topic.config.end()) return std::nullopt;
  std::from_chars(found->second.data(), found->second.data() + found->second.size(), value);
  if (value < 0) return std::nullopt;
  return value;
}

void check_limits(const std::string& topic, const kafka::TopicDescription& found, std::vector<std::string>& problems) {
  const auto say = [&](const char* name, std::int64_t value, std::int64_t least) {
    problems.push_back(
        fmt::format("topic {} has {}={}: changes that B has not read by then are lost; set it to -1, or "
                    "to {} at least",
                    topic, name, value, least));
  };
  const auto time_ms = limit(found, "retention.ms");
  if (time_ms && *time_ms < kLeast_ms) say("retention.ms", *time_ms, kLeast_ms);
  const auto bytes = limit(found, "retention.bytes");
  if (bytes && *bytes < kLeast_bytes) say("retention.bytes", *bytes, kLeast_bytes);
}

void check_lag(const kafka::TopicPartitionOffset& at, const kafka::Watermarks& there,
               std::vector<std::string>& problems) {
  const std::string where = fmt::format("topic {}, partition {}", at.topic, at.partition);
  const std::int64_t kept = there.high - there.low;
  const std::int64_t unread = there.high - at.offset;
  if (there.low > at.offset || unread < 0) {
    problems.push_back(fmt::format("{}: B goes on at offset {}, and Kafka has {} to {}: what is missing is lost; {}",
                                   where, at.offset, there.low, there.high, kafka::kCopyAnew));
  } else if (there.low > 0 && unread > kept / 2) {
    problems.push_back(
        fmt::format("{}: B has yet to read {} of the {} records that Kafka keeps, and Kafka deletes the "
                    "oldest ones: raise retention.ms and retention.bytes until it has caught up",
                    where, unread, kept));
  }
}

}  // namespace

Task<std::vector<std::string>> retention_problems(const Config& config, const PipelineSpec& spec, pg::Connection& b) {
  const kafka::Cluster cluster{config.kafka.bootstrap_servers, config.kafka.producer};
  kafka::Admin admin(co_await asio::this_coro::executor, cluster);
  std::vector<std::string> problems;
  std::map<std::string, int> partitions;
  for (const auto& table : spec.tables) {
    const auto found = co_await admin.describe_topic(table.topic);
    if (!found) continue;  // said elsewhere
    partitions[table.topic] = found->partitions;
    check_limits(table.topic, *found, problems);
  }
  const pg::Result offsets = co_await b.query(sql::target::next_offsets, pg::Params::of(spec.pipeline));
  for (int row = 0; row < offsets.rows(); ++row) {
    const kafka::TopicPartitionOffset at{std::string(offsets.text(row, 0)), static_cast<int>(offsets.int64(row, 1)),
                                         offsets.int64(row, 2)};
    const auto known = partitions.find(at.topic);
    if (known == partitions.end() || at.partition >= known->second) continue;
    const std::vector<kafka::TopicPartition> one{{at.topic, at.partition}};
    const auto marks = co_await admin.watermarks(one);
    check_lag(at, marks.begin()->second, problems);
  }
  co_return problems;
}

}  // namespace penstock::ops
