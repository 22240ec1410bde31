#pragma once
#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/task.hpp"
#include "kafka/message.hpp"
#include "kafka/properties.hpp"

namespace penstock::kafka {

struct TopicSpec {
  std::string name;
  int partitions = 1;
  std::map<std::string, std::string> config;  // cleanup.policy=delete, …
};

struct TopicDescription {
  int partitions = 0;
  std::map<std::string, std::string> config;
};

struct Watermarks {
  std::int64_t low = 0;   // oldest offset still there
  std::int64_t high = 0;  // next offset to be written
};

// Administration through the Admin API. Throws Failure(transient) when no broker answers within the timeout,
// Failure(setup) when the broker refuses.
class Admin {
 public:
  Admin(asio::any_io_executor executor, const Cluster& cluster);
  Admin(Admin&&) noexcept;
  ~Admin();

  // Creates what does not exist; an existing topic is left as it is. Replication: the broker's default. Returns the
  // names created.
  Task<std::vector<std::string>> create_topics(const std::vector<TopicSpec>& topics);
  // nullopt: no such topic.
  Task<std::optional<TopicDescription>> describe_topic(const std::string& name);
  // nullopt: no such topic.
  Task<std::optional<int>> partition_count(const std::string& name);
  // The first of these topics that is not there, asked again for seconds: a broker that has just started may not know
  // it yet. nullopt: all are there, or no broker answers.
  Task<std::optional<std::string>> gone(const std::vector<std::string>& names);
  Task<void> delete_topics(const std::vector<std::string>& names);
  Task<std::map<TopicPartition, Watermarks>> watermarks(const std::vector<TopicPartition>& partitions);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// One topic a table: <prefix>.<schema>.<table>; bytes outside [A-Za-z0-9_-] escaped as _xHH, hashed over 249
// characters.
std::string table_topic(std::string_view prefix, std::string_view schema, std::string_view table);
std::string dead_letter_topic(std::string_view prefix, std::string_view pipeline);
// Whoever applies a pipeline; other prefixes are other installations.
std::string consumer_group(std::string_view prefix, std::string_view pipeline);

}  // namespace penstock::kafka
