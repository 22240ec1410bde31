#pragma once
#include <optional>
#include <string>
#include <vector>

#include "base/task.hpp"
#include "kafka/message.hpp"
#include "kafka/properties.hpp"
#include "model/position.hpp"

namespace penstock::kafka {

// Where a partition ends.
struct TopicEnd {
  TopicPartition where;
  std::int64_t next_offset = 0;
  std::optional<BatchLink> last;  // of the last record; none: the partition is empty, or that is no record of ours
};

// One look at the ends of the partitions, by the consumer's rights. Throws Failure: setup (no such topic, no right),
// transient (no answer within some 10 s, a partition without a leader).
Task<std::vector<TopicEnd>> read_topic_ends(const Cluster& cluster, const std::string& group,
                                            const std::vector<TopicPartition>& partitions);

}  // namespace penstock::kafka
