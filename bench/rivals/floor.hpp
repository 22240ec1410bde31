#pragma once
#include <atomic>
#include <string>
#include <thread>

#include "rivals/rival.hpp"
#include "support/kafka_client.hpp"

namespace penstock::bench {

// The least that a way through Kafka can cost. Whoever commits on A hands the row to a producer in the same process at
// once (nothing is captured, nobody has to find out), as bare text; a consumer takes all that has come and commits it
// on B with one multi-row insert. No envelope, no rules, no offsets stored: nothing that works can be as quick.
class Floor : public Rival {
 public:
  using Rival::Rival;
  ~Floor() override;

  std::string name() const override { return "floor"; }
  void start() override;
  void stop() override;
  void committed(const Employee& employee) override;

 private:
  void consume();
  std::string topic() const { return place().topic_prefix + ".employee"; }

  test::KafkaClient producer_, consumer_;
  std::atomic<bool> stopping_ = false;
  std::thread thread_;
};

}  // namespace penstock::bench
