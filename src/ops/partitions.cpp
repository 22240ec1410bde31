#include "ops/partitions.hpp"

#include <algorithm>

#include "sql/embedded_sql.hpp"

namespace penstock::ops {

Task<PartitionEnds> ends_in_kafka(const Config& config, const PipelineSpec& spec) {
  const kafka::Cluster cluster{config.kafka.bootstrap_servers, config.kafka.consumer};
  kafka::Admin admin(co_await asio::this_coro::executor, cluster);
  std::vector<kafka::TopicPartition> all;
  for (const auto& table : spec.tables) {
    for (std::int32_t partition = 0; partition < table.partitions; ++partition) all.push_back({table.topic, partition});
  }
  PartitionEnds ends;
  const auto watermarks = co_await admin.watermarks(all);
  for (const auto& [where, marks] : watermarks) ends.emplace(where, marks.high);
  co_return ends;
}

Task<PartitionEnds> ends_on_b(pg::Connection& b, const std::string& pipeline) {
  PartitionEnds ends;
  const pg::Result rows = co_await b.query(sql::target::newest_partition_offsets, pg::Params::of(pipeline));
  for (int row = 0; row < rows.rows(); ++row) {
    const auto partition = static_cast<std::int32_t>(rows.int64(row, 1));
    ends[{std::string(rows.text(row, 0)), partition}] = rows.int64(row, 2);
  }
  co_return ends;
}

bool reached(const PartitionEnds& wanted, const PartitionEnds& there) {
  return std::all_of(wanted.begin(), wanted.end(), [&](const auto& end) {
    const auto found = there.find(end.first);
    return end.second == 0 || (found != there.end() && found->second >= end.second);
  });
}

}  // namespace penstock::ops
