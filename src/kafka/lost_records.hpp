#pragma once
#include <span>
#include <string>
#include <string_view>

#include "base/error.hpp"
#include "kafka/admin.hpp"

namespace penstock::kafka {

// The way on where Kafka has lost what was acknowledged.
constexpr std::string_view kCopyAnew = "`penstock migrate --new-epoch` accepts that and copies everything again";

// Failure(safety): the topic was deleted, and with it what B had not applied.
Failure topic_gone(const std::string& topic);

// Throws Failure(safety) that names the topic, the partition and what is missing, where Kafka does not have what lies
// at these offsets (the next ones to be read): the topic deleted or made anew, records deleted by retention or by hand,
// the log's end lost. Looks again for this long before it says so. Throws Failure(transient) while no broker answers.
Task<void> refuse_lost_records(Admin& admin, std::span<const TopicPartitionOffset> next,
                               std::chrono::milliseconds sure_within = std::chrono::seconds(3));

}  // namespace penstock::kafka
