#include "support/broker.hpp"

#include <stdexcept>

#include "support/kafka_client.hpp"

namespace penstock::test {
namespace {

std::string bytes(const void* data, std::size_t size) {
  return data == nullptr ? std::string() : std::string(static_cast<const char*>(data), size);
}

KafkaRecord record_of(const rd_kafka_message_t& message) {
  KafkaRecord record;
  record.partition = message.partition;
  record.offset = message.offset;
  if (message.key != nullptr) record.key = bytes(message.key, message.key_len);
  record.value = bytes(message.payload, message.len);
  rd_kafka_headers_t* headers = nullptr;
  if (rd_kafka_message_headers(&message, &headers) != RD_KAFKA_RESP_ERR_NO_ERROR) return record;
  const char* name = nullptr;
  const void* value = nullptr;
  std::size_t size = 0;
  for (std::size_t i = 0; rd_kafka_header_get_all(headers, i, &name, &value, &size) == RD_KAFKA_RESP_ERR_NO_ERROR; ++i)
    record.headers[name] = bytes(value, size);
  return record;
}

}  // namespace

std::string KafkaRecord::header(const std::string& name) const {
  const auto found = headers.find(name);
  return found == headers.end() ? std::string() : found->second;
}

std::vector<KafkaRecord> Broker::read(const std::string& topic, std::int32_t partition) const {
  const KafkaClient consumer = kafka_client(RD_KAFKA_CONSUMER, {{"bootstrap.servers", bootstrap_servers_},
                                                                {"group.id", "penstock-tests"},
                                                                {"enable.auto.commit", "false"},
                                                                {"auto.offset.reset", "error"},
                                                                {"fetch.wait.max.ms", "20"}});
  rd_kafka_poll_set_consumer(consumer.get());
  std::int64_t next = 0, end = 0;
  check_kafka("the ends of " + topic, rd_kafka_query_watermark_offsets(consumer.get(), topic.c_str(), partition, &next,
                                                                       &end, kKafkaTimeout_ms));
  const KafkaPartitions from(rd_kafka_topic_partition_list_new(1));
  rd_kafka_topic_partition_list_add(from.get(), topic.c_str(), partition)->offset = next;
  check_kafka("assigning " + topic, rd_kafka_assign(consumer.get(), from.get()));
  std::vector<KafkaRecord> records;
  while (next < end) {
    const KafkaMessage message(rd_kafka_consumer_poll(consumer.get(), kKafkaTimeout_ms));
    if (!message) throw std::runtime_error("Kafka: " + topic + " did not come to its end in time");
    check_kafka("reading " + topic, message->err);
    records.push_back(record_of(*message));
    next = message->offset + 1;
  }
  return records;
}

void Broker::produce(const std::string& topic, const std::vector<std::string>& values,
                     const std::optional<std::string>& key) const {
  const KafkaClient producer = kafka_client(RD_KAFKA_PRODUCER, {{"bootstrap.servers", bootstrap_servers_},
                                                                {"acks", "all"},
                                                                {"linger.ms", "0"},
                                                                {"message.max.bytes", "8388608"}});
  for (const auto& value : values) {
    // librdkafka takes the bytes as void*, and copies them.
    void* bytes = const_cast<char*>(value.data());
    const void* key_bytes = key ? key->data() : nullptr;
    const std::size_t key_size = key ? key->size() : 0;
    check_kafka("producing to " + topic,
                rd_kafka_producev(producer.get(), RD_KAFKA_V_TOPIC(topic.c_str()), RD_KAFKA_V_PARTITION(0),
                                  RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_KEY(key_bytes, key_size),
                                  RD_KAFKA_V_VALUE(bytes, value.size()), RD_KAFKA_V_END));
  }
  check_kafka("waiting for the acknowledgements of " + topic, rd_kafka_flush(producer.get(), kKafkaTimeout_ms));
}

void Broker::delete_topics(const std::vector<std::string>& topics) const {
  if (topics.empty()) return;
  const KafkaClient admin = kafka_client(RD_KAFKA_PRODUCER, {{"bootstrap.servers", bootstrap_servers_}});
  std::vector<rd_kafka_DeleteTopic_t*> wanted;
  for (const auto& topic : topics) wanted.push_back(rd_kafka_DeleteTopic_new(topic.c_str()));
  const KafkaQueue queue(rd_kafka_queue_new(admin.get()));
  rd_kafka_DeleteTopics(admin.get(), wanted.data(), wanted.size(), nullptr, queue.get());
  rd_kafka_DeleteTopic_destroy_array(wanted.data(), wanted.size());
  const KafkaEvent event(rd_kafka_queue_poll(queue.get(), kKafkaTimeout_ms));
  if (!event) throw std::runtime_error("Kafka: no answer to deleting topics");
  check_kafka("deleting topics", rd_kafka_event_error(event.get()));
}

int Broker::replicas(const std::string& topic) const {
  const KafkaClient admin = kafka_client(RD_KAFKA_PRODUCER, {{"bootstrap.servers", bootstrap_servers_}});
  const std::unique_ptr<rd_kafka_topic_t, Free<rd_kafka_topic_destroy>> asked(
      rd_kafka_topic_new(admin.get(), topic.c_str(), nullptr));
  const rd_kafka_metadata_t* read = nullptr;
  check_kafka("describing " + topic, rd_kafka_metadata(admin.get(), 0, asked.get(), &read, kKafkaTimeout_ms));
  const std::unique_ptr<const rd_kafka_metadata_t, Free<rd_kafka_metadata_destroy>> metadata(read);
  check_kafka("describing " + topic, metadata->topics[0].err);
  return metadata->topics[0].partitions[0].replica_cnt;
}

std::vector<std::string> Broker::topics_with_prefix(const std::string& prefix) const {
  const KafkaClient admin = kafka_client(RD_KAFKA_PRODUCER, {{"bootstrap.servers", bootstrap_servers_}});
  const rd_kafka_metadata_t* read = nullptr;
  check_kafka("listing topics", rd_kafka_metadata(admin.get(), 1, nullptr, &read, kKafkaTimeout_ms));
  const std::unique_ptr<const rd_kafka_metadata_t, Free<rd_kafka_metadata_destroy>> metadata(read);
  std::vector<std::string> names;
  for (int i = 0; i < metadata->topic_cnt; ++i) {
    const std::string name = metadata->topics[i].topic;
    if (name.starts_with(prefix)) names.push_back(name);
  }
  return names;
}

}  // namespace penstock::test
