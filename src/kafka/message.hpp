#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

struct rd_kafka_message_s;  // librdkafka's; only kafka/ includes rdkafka.h

namespace penstock::kafka {

struct TopicPartition {
  std::string topic;
  std::int32_t partition = 0;
  auto operator<=>(const TopicPartition&) const = default;
};

struct TopicPartitionOffset {
  std::string topic;
  std::int32_t partition = 0;
  std::int64_t offset = 0;  // of the next message to read
};

using Headers = std::vector<std::pair<std::string, std::string>>;

struct DestroyMessage {
  void operator()(rd_kafka_message_s* message) const;
};

// A consumed message. Owns librdkafka's; the views live as long as it does (moving it keeps them valid).
class Message {
 public:
  explicit Message(rd_kafka_message_s* owned) : handle_(owned) {}

  std::string_view topic() const;
  std::int32_t partition() const;
  std::int64_t offset() const;
  std::optional<std::string_view> key() const;
  std::string_view value() const;  // "" for a tombstone
  Headers headers() const;

 private:
  std::unique_ptr<rd_kafka_message_s, DestroyMessage> handle_;
};

}  // namespace penstock::kafka
