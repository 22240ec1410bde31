#pragma once
#include <map>
#include <string>

namespace penstock::kafka {

using Properties = std::map<std::string, std::string>;

struct Cluster {
  std::string bootstrap_servers;
  Properties extra;  // the user's librdkafka properties, which win over our defaults where that is safe
};

}  // namespace penstock::kafka
