// What people and other tools do to topics and groups.
#include <array>
#include <chrono>
#include <stdexcept>
#include <thread>

#include "support/broker.hpp"
#include "support/kafka_client.hpp"

namespace penstock::test {
namespace {

// One request of the Admin API: `ask(client, queue)` sends it. The answer, free of an error of its own.
template <class Ask>
KafkaEvent answer(rd_kafka_t* client, const std::string& what, Ask ask) {
  const KafkaQueue queue(rd_kafka_queue_new(client));
  ask(queue.get());
  KafkaEvent event(rd_kafka_queue_poll(queue.get(), kKafkaTimeout_ms));
  if (!event) throw std::runtime_error("Kafka: no answer to " + what);
  check_kafka(what, rd_kafka_event_error(event.get()));
  return event;
}

KafkaClient admin_of(const std::string& bootstrap_servers) {
  return kafka_client(RD_KAFKA_PRODUCER, {{"bootstrap.servers", bootstrap_servers}});
}

KafkaClient consumer_of(const std::string& bootstrap_servers, const std::string& group) {
  return kafka_client(RD_KAFKA_CONSUMER, {{"bootstrap.servers", bootstrap_servers}, {"group.id", group}});
}

KafkaPartitions list_of(const std::string& topic, std::int32_t partition, std::int64_t offset) {
  KafkaPartitions list(rd_kafka_topic_partition_list_new(1));
  rd_kafka_topic_partition_list_add(list.get(), topic.c_str(), partition)->offset = offset;
  return list;
}

}  // namespace

void Broker::create_topic(const std::string& topic, const std::map<std::string, std::string>& settings) const {
  const KafkaClient admin = admin_of(bootstrap_servers_);
  std::array<char, 256> why{};
  constexpr int kOnePartition = 1;
  constexpr int kReplicationOfBroker = -1;
  rd_kafka_NewTopic_t* wanted =
      rd_kafka_NewTopic_new(topic.c_str(), kOnePartition, kReplicationOfBroker, why.data(), why.size());
  for (const auto& [name, value] : settings) rd_kafka_NewTopic_set_config(wanted, name.c_str(), value.c_str());
  const KafkaEvent event = answer(admin.get(), "creating " + topic, [&](rd_kafka_queue_t* queue) {
    rd_kafka_CreateTopics(admin.get(), &wanted, 1, nullptr, queue);
  });
  rd_kafka_NewTopic_destroy(wanted);
  std::size_t count = 0;
  const auto* results = rd_kafka_CreateTopics_result_topics(rd_kafka_event_CreateTopics_result(event.get()), &count);
  check_kafka("creating " + topic, rd_kafka_topic_result_error(results[0]));
}

void Broker::alter_topic(const std::string& topic, const std::map<std::string, std::string>& settings) const {
  const KafkaClient admin = admin_of(bootstrap_servers_);
  rd_kafka_ConfigResource_t* wanted = rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, topic.c_str());
  for (const auto& [name, value] : settings) rd_kafka_ConfigResource_set_config(wanted, name.c_str(), value.c_str());
  const KafkaEvent event = answer(admin.get(), "altering " + topic, [&](rd_kafka_queue_t* queue) {
    rd_kafka_AlterConfigs(admin.get(), &wanted, 1, nullptr, queue);
  });
  rd_kafka_ConfigResource_destroy(wanted);
  std::size_t count = 0;
  const auto* results = rd_kafka_AlterConfigs_result_resources(rd_kafka_event_AlterConfigs_result(event.get()), &count);
  check_kafka("altering " + topic, rd_kafka_ConfigResource_error(results[0]));
}

void Broker::delete_records(const std::string& topic, std::int64_t before, std::int32_t partition) const {
  const KafkaClient admin = admin_of(bootstrap_servers_);
  const KafkaPartitions list = list_of(topic, partition, before);
  rd_kafka_DeleteRecords_t* wanted = rd_kafka_DeleteRecords_new(list.get());
  const KafkaEvent event = answer(admin.get(), "deleting records of " + topic, [&](rd_kafka_queue_t* queue) {
    rd_kafka_DeleteRecords(admin.get(), &wanted, 1, nullptr, queue);
  });
  rd_kafka_DeleteRecords_destroy(wanted);
  const auto* result = rd_kafka_DeleteRecords_result_offsets(rd_kafka_event_DeleteRecords_result(event.get()));
  check_kafka("deleting records of " + topic, result->elems[0].err);
}

std::pair<std::int64_t, std::int64_t> Broker::offsets(const std::string& topic, std::int32_t partition) const {
  const KafkaClient admin = admin_of(bootstrap_servers_);
  std::pair<std::int64_t, std::int64_t> found;
  // The controller answers before every broker has heard of a new topic.
  for (int tries_left = 100;; --tries_left) {
    const auto code = rd_kafka_query_watermark_offsets(admin.get(), topic.c_str(), partition, &found.first,
                                                       &found.second, kKafkaTimeout_ms);
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR) return found;
    if (tries_left == 0) check_kafka("the offsets of " + topic, code);
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
}

std::int64_t Broker::group_offset(const std::string& group, const std::string& topic) const {
  const KafkaClient consumer = consumer_of(bootstrap_servers_, group);
  const KafkaPartitions list = list_of(topic, 0, RD_KAFKA_OFFSET_INVALID);
  check_kafka("the offsets of group " + group, rd_kafka_committed(consumer.get(), list.get(), kKafkaTimeout_ms));
  return list->elems[0].offset == RD_KAFKA_OFFSET_INVALID ? -1 : list->elems[0].offset;
}

void Broker::set_group_offset(const std::string& group, const std::string& topic, std::int64_t offset) const {
  const KafkaClient consumer = consumer_of(bootstrap_servers_, group);
  const KafkaPartitions list = list_of(topic, 0, offset);
  constexpr int kWait = 0;
  check_kafka("setting the offset of group " + group, rd_kafka_commit(consumer.get(), list.get(), kWait));
}

void Broker::delete_group(const std::string& group) const {
  const KafkaClient admin = admin_of(bootstrap_servers_);
  rd_kafka_DeleteGroup_t* wanted = rd_kafka_DeleteGroup_new(group.c_str());
  const KafkaEvent event = answer(admin.get(), "deleting group " + group, [&](rd_kafka_queue_t* queue) {
    rd_kafka_DeleteGroups(admin.get(), &wanted, 1, nullptr, queue);
  });
  rd_kafka_DeleteGroup_destroy(wanted);
  std::size_t count = 0;
  const auto* results = rd_kafka_DeleteGroups_result_groups(rd_kafka_event_DeleteGroups_result(event.get()), &count);
  const rd_kafka_error_t* error = rd_kafka_group_result_error(results[0]);
  if (error != nullptr) check_kafka("deleting group " + group, rd_kafka_error_code(error));
}

}  // namespace penstock::test
