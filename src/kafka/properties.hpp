#pragma once
#include <map>
#include <string>

namespace penstock::kafka {

using Properties = std::map<std::string, std::string>;

struct Cluster {
  std::string bootstrap_servers;
  Properties extra;  // the user's librdkafka properties, which win over our defaults where that is safe
};

// The greatest record, in bytes, that a producer with these properties sends: its message.max.bytes.
std::size_t record_bytes_max(const Properties& producer);

// max.message.bytes for the topics it writes to: the same, and room for a record batch's header.
std::size_t topic_message_bytes_max(const Properties& producer);

}  // namespace penstock::kafka
