#include "rivals/naive.hpp"

#include "support/broker.hpp"

namespace penstock::bench {

void Naive::start() {
  const std::string topic = place().topic_prefix + ".employee";
  Session(place().dsn_a).run(sql_file("naive_capture"));
  test::Broker(place().kafka).create_topic(topic);
  process_.emplace(std::vector{program_, place().dsn_a, place().dsn_b, place().kafka, topic},
                   place().directory + "/naive.out", place().directory + "/naive.log");
}

std::vector<pid_t> Naive::processes() const {
  if (!process_) return {};
  return {process_->id()};
}

}  // namespace penstock::bench
