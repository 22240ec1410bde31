#pragma once
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "kafka/admin.hpp"
#include "support/coroutine.hpp"
#include "support/line.hpp"

namespace penstock::test {

inline constexpr const char* kOneTable = "[[table]]\nsource = \"public.one\"\n";

// The same table public.one on both sides, and the program configured with it.
inline void create_one(Line& line, const std::string& columns = "id int primary key, v int") {
  line.on_both("create table one (" + columns + ")");
  line.configure(kOneTable);
}

// The configuration with one text in it replaced by another.
inline void edit(const Line& line, const std::string& from, const std::string& to) {
  std::string text = read_file(line.toml());
  const auto at = text.find(from);
  ASSERT_NE(at, std::string::npos) << from;
  std::ofstream(line.toml()) << text.replace(at, from.size(), to);
}

inline std::optional<kafka::TopicDescription> describe(const Line& line, const std::string& topic) {
  std::optional<kafka::TopicDescription> found;
  run_task([&]() -> Task<void> {
    const kafka::Cluster cluster{line.servers().kafka, {}};
    kafka::Admin admin(co_await asio::this_coro::executor, cluster);
    found = co_await admin.describe_topic(topic);
  });
  return found;
}

inline void create_topic(const Line& line, const std::string& name, int partitions,
                         const std::map<std::string, std::string>& config) {
  run_task([&]() -> Task<void> {
    const kafka::Cluster cluster{line.servers().kafka, {}};
    kafka::Admin admin(co_await asio::this_coro::executor, cluster);
    std::vector<kafka::TopicSpec> topics(1);
    topics[0].name = name;
    topics[0].partitions = partitions;
    topics[0].config = config;
    co_await admin.create_topics(topics);
  });
}

}  // namespace penstock::test
