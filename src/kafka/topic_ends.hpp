#pragma once
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/task.hpp"
#include "kafka/message.hpp"
#include "kafka/properties.hpp"
#include "model/position.hpp"

namespace penstock::kafka {

// The topic of one table of A.
struct TableTopic {
  std::string topic;
  std::int32_t partitions = 1;
  std::string schema, table;
};

// Where a partition ends.
struct TopicEnd {
  TopicPartition where;
  std::int64_t next_offset = 0;
  // Of the last record; none: the partition is empty, or that is no record of this table's, which B sends to the dead
  // letters.
  std::optional<BatchLink> last;
};

// One look at the ends of the partitions, by the consumer's rights. Throws Failure: setup (no such topic, no right),
// transient (no answer within some 10 s, a partition without a leader).
Task<std::vector<TopicEnd>> read_topic_ends(const Cluster& cluster, const std::string& group,
                                            std::span<const TableTopic> tables);

}  // namespace penstock::kafka
