#include "ops/topics.hpp"

#include <algorithm>

#include "base/log.hpp"

namespace penstock::ops {
namespace {

using namespace std::chrono_literals;

// A topic that is being deleted keeps its name for a moment.
constexpr auto kNameIsFreeWithin = 15s;

kafka::Cluster cluster_of(const Config& config) { return {config.kafka.bootstrap_servers, config.kafka.producer}; }

// Every topic of the pipeline, dead letters last.
std::vector<kafka::TopicSpec> topics_of(const Config& config, const PipelineSpec& spec) {
  std::vector<kafka::TopicSpec> topics;
  const auto add = [&](const std::string& name, int partitions) {
    kafka::TopicSpec topic;
    topic.name = name;
    topic.partitions = partitions;
    topic.config = {{"cleanup.policy", "delete"},
                    {"max.message.bytes", std::to_string(kafka::topic_message_bytes_max(config.kafka.producer))}};
    topics.push_back(std::move(topic));
  };
  for (const auto& table : spec.tables) add(table.topic, config.kafka.partitions);
  add(spec.dead_letter_topic, 1);
  return topics;
}

bool knows(const std::optional<PipelineSpec>& before, const std::string& topic) {
  if (!before) return false;
  const auto& created = before->topics_created;
  return topic == before->dead_letter_topic || std::find(created.begin(), created.end(), topic) != created.end() ||
         std::any_of(before->tables.begin(), before->tables.end(), [&](const auto& t) { return t.topic == topic; });
}

void check_settings(const kafka::TopicSpec& wanted, const kafka::TopicDescription& found) {
  const std::string name = "topic " + wanted.name;
  if (found.partitions != wanted.partitions) {
    throw Failure(ErrorKind::usage, name + " has " + std::to_string(found.partitions) +
                                        " partitions, the configuration says " + std::to_string(wanted.partitions) +
                                        ": set kafka.partitions to what is there, or delete the topic");
  }
  const auto policy = found.config.find("cleanup.policy");
  if (policy != found.config.end() && policy->second != "delete") {
    throw Failure(ErrorKind::usage,
                  name + " has cleanup.policy=" + policy->second + ", which would drop changes: set it to delete");
  }
  const auto bytes = found.config.find("max.message.bytes");
  const std::string& needed = wanted.config.at("max.message.bytes");
  if (bytes != found.config.end() && std::stoll(bytes->second) < std::stoll(needed)) {
    throw Failure(ErrorKind::usage, name + " has max.message.bytes=" + bytes->second +
                                        ", and a large row would not get through: set it to " + needed +
                                        ", or lower \"message.max.bytes\" in [kafka.producer]");
  }
}

Task<void> check_empty(kafka::Admin& admin, const kafka::TopicSpec& topic) {
  std::vector<kafka::TopicPartition> partitions;
  for (std::int32_t p = 0; p < topic.partitions; ++p) partitions.push_back({topic.name, p});
  const auto marks = co_await admin.watermarks(partitions);
  const bool used = std::any_of(marks.begin(), marks.end(), [](const auto& mark) { return mark.second.high > 0; });
  if (used) {
    throw Failure(ErrorKind::usage, "topic " + topic.name +
                                        " already holds records that are not this pipeline's: delete it, or choose "
                                        "another kafka.topic_prefix");
  }
}

}  // namespace

Task<void> ask_kafka(const Config& config) {
  kafka::Admin admin(co_await asio::this_coro::executor, cluster_of(config));
  co_await admin.describe_topic(kafka::dead_letter_topic(config.kafka.topic_prefix, config.pipeline.name));
}

Task<std::vector<kafka::TopicSpec>> missing_topics(const Config& config, const PipelineSpec& spec,
                                                   const std::optional<PipelineSpec>& before) {
  kafka::Admin admin(co_await asio::this_coro::executor, cluster_of(config));
  std::vector<kafka::TopicSpec> missing;
  for (auto& topic : topics_of(config, spec)) {
    const auto found = co_await admin.describe_topic(topic.name);
    if (!found) {
      missing.push_back(std::move(topic));
      continue;
    }
    check_settings(topic, *found);
    if (!knows(before, topic.name)) co_await check_empty(admin, topic);
  }
  co_return missing;
}

Task<void> create_topics(const Config& config, const std::vector<kafka::TopicSpec>& topics) {
  kafka::Admin admin(co_await asio::this_coro::executor, cluster_of(config));
  co_await admin.create_topics(topics);
  for (const auto& topic : topics) log::info("migrate: Kafka topic {}", topic.name);
}

Task<void> delete_topics(const Config& config, const std::vector<std::string>& names) {
  kafka::Admin admin(co_await asio::this_coro::executor, cluster_of(config));
  co_await admin.delete_topics(names);
  const auto deadline = std::chrono::steady_clock::now() + kNameIsFreeWithin;
  for (const auto& name : names) {
    while (std::chrono::steady_clock::now() < deadline) {
      const auto left = co_await admin.describe_topic(name);
      if (!left) break;
      co_await sleep_for(100ms);
    }
    log::info("uninstall: Kafka topic {} deleted", name);
  }
}

}  // namespace penstock::ops
