#pragma once
// The properties a client is made with: our defaults, the user's above them, and ours again where exactness rests on
// them. Internal to kafka/.
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "kafka/handles.hpp"
#include "kafka/properties.hpp"

namespace penstock::kafka {

enum class Role { producer, consumer, member, admin };  // member: a consumer that shares partitions with others

std::string_view to_string(Role role);

using Setting = std::pair<std::string, std::string>;

// In the order in which librdkafka must hear them: a property has aliases, and the last one said wins.
// Throws Failure(usage) when the user sets a property that exactness rests on to another value.
std::vector<Setting> settings(Role role, const Cluster& cluster);

// Throws Failure(usage) with librdkafka's own text for an unknown property or a bad value (never the value of a
// secret).
ConfHandle make_conf(const std::vector<Setting>& settings);

}  // namespace penstock::kafka
