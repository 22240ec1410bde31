#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace penstock::test {

// One record of a topic as it stands in Kafka.
struct KafkaRecord {
  std::int32_t partition = 0;
  std::int64_t offset = 0;
  std::optional<std::string> key;
  std::string value;
  std::map<std::string, std::string> headers;  // the last one of a name

  // The header's bytes, "" where there is none.
  std::string header(const std::string& name) const;
};

// Kafka seen with librdkafka's own calls: what checks the program must not go through it. Throws std::runtime_error.
class Broker {
 public:
  explicit Broker(std::string bootstrap_servers) : bootstrap_servers_(std::move(bootstrap_servers)) {}

  // Every record of a partition, from its beginning to the end it has now.
  std::vector<KafkaRecord> read(const std::string& topic, std::int32_t partition = 0) const;
  // Sends the values, as they are, and waits until Kafka has acknowledged them.
  void produce(const std::string& topic, const std::vector<std::string>& values,
               const std::optional<std::string>& key = std::nullopt) const;
  // Topics that are not there are no error.
  void delete_topics(const std::vector<std::string>& topics) const;
  std::vector<std::string> topics_with_prefix(const std::string& prefix) const;

  int replicas(const std::string& topic) const;  // of its first partition

  // Accidents (broker_accidents.cpp). All of them return when Kafka has done it.
  // `settings` are all that the topic has of its own from then on.
  void create_topic(const std::string& topic, const std::map<std::string, std::string>& settings = {}) const;
  void alter_topic(const std::string& topic, const std::map<std::string, std::string>& settings) const;
  void delete_records(const std::string& topic, std::int64_t before, std::int32_t partition = 0) const;
  // The oldest offset that is there, and the next one to be written.
  std::pair<std::int64_t, std::int64_t> offsets(const std::string& topic, std::int32_t partition = 0) const;
  // What the group has committed; -1: nothing.
  std::int64_t group_offset(const std::string& group, const std::string& topic) const;
  void set_group_offset(const std::string& group, const std::string& topic, std::int64_t offset) const;
  void delete_group(const std::string& group) const;

 private:
  std::string bootstrap_servers_;
};

}  // namespace penstock::test
