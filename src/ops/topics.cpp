#include "ops/topics.hpp"

#include <algorithm>

namespace penstock::ops {
namespace {

Task<void> check_topic(kafka::Admin& admin, const kafka::TopicSpec& wanted, bool must_be_empty) {
  const auto found = co_await admin.describe_topic(wanted.name);
  if (!found) throw Failure(ErrorKind::transient, "topic " + wanted.name + " vanished while it was being checked");
  if (found->partitions != wanted.partitions) {
    throw Failure(ErrorKind::usage, "topic " + wanted.name + " has " + std::to_string(found->partitions) +
                                        " partitions, the configuration says " + std::to_string(wanted.partitions) +
                                        "; a change would send a key's changes to another partition than before: set "
                                        "kafka.partitions to what is there");
  }
  const auto policy = found->config.find("cleanup.policy");
  if (policy != found->config.end() && policy->second != "delete") {
    throw Failure(ErrorKind::usage, "topic " + wanted.name + " has cleanup.policy=" + policy->second +
                                        ", which would drop changes: set it to delete");
  }
  if (!must_be_empty) co_return;
  std::vector<kafka::TopicPartition> partitions;
  for (std::int32_t p = 0; p < wanted.partitions; ++p) partitions.push_back({wanted.name, p});
  const auto marks = co_await admin.watermarks(partitions);
  const bool holds_records =
      std::any_of(marks.begin(), marks.end(), [](const auto& mark) { return mark.second.high > 0; });
  if (holds_records) {
    throw Failure(ErrorKind::usage, "topic " + wanted.name +
                                        " already holds records that are not this pipeline's: delete it, or choose "
                                        "another kafka.topic_prefix");
  }
}

}  // namespace

std::vector<kafka::TopicSpec> topics_of(const Config& config, const PipelineSpec& spec) {
  std::vector<kafka::TopicSpec> topics;
  const auto add = [&](const std::string& name, int partitions) {
    kafka::TopicSpec topic;
    topic.name = name;
    topic.partitions = partitions;
    topic.config = {{"cleanup.policy", "delete"}, {"max.message.bytes", std::to_string(kafka::kTopicMessageBytesMax)}};
    topics.push_back(std::move(topic));
  };
  for (const auto& table : spec.tables) add(table.topic, config.kafka.partitions);
  add(spec.dead_letter_topic, 1);
  return topics;
}

Task<std::vector<std::string>> make_topics(const Config& config, const PipelineSpec& spec, bool must_be_empty) {
  const kafka::Cluster cluster{config.kafka.bootstrap_servers, config.kafka.producer};
  kafka::Admin admin(co_await asio::this_coro::executor, cluster);
  const auto topics = topics_of(config, spec);
  auto created = co_await admin.create_topics(topics);
  for (const auto& topic : topics) {
    const bool is_new = std::find(created.begin(), created.end(), topic.name) != created.end();
    if (!is_new) co_await check_topic(admin, topic, must_be_empty);
  }
  co_return created;
}

Task<void> delete_topics(const Config& config, const PipelineSpec& spec) {
  const kafka::Cluster cluster{config.kafka.bootstrap_servers, config.kafka.producer};
  kafka::Admin admin(co_await asio::this_coro::executor, cluster);
  std::vector<std::string> names;
  for (const auto& topic : topics_of(config, spec)) names.push_back(topic.name);
  co_await admin.delete_topics(names);
}

}  // namespace penstock::ops
