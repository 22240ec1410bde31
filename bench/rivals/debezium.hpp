#pragma once
#include <memory>

#include "rivals/connect.hpp"
#include "rivals/rival.hpp"

namespace penstock::bench {

// Debezium's connector for PostgreSQL and Debezium's JDBC sink, in Kafka Connect: with their defaults ("debezium"), or
// with what their documentation advises for latency and throughput ("debezium-tuned").
class Debezium : public Rival {
 public:
  Debezium(Place place, std::shared_ptr<Connect> connect, bool tuned)
      : Rival(std::move(place)), connect_(std::move(connect)), tuned_(tuned) {}

  std::string name() const override { return tuned_ ? "debezium-tuned" : "debezium"; }
  void start() override;
  void stop() override;
  void pause() override;
  void resume() override;
  std::vector<pid_t> processes() const override { return {connect_->process()}; }

 private:
  Properties source_properties() const;
  Properties sink_properties() const;
  std::string source() const { return name() + "-source"; }
  std::string sink() const { return name() + "-sink"; }

  std::shared_ptr<Connect> connect_;
  bool tuned_;
};

}  // namespace penstock::bench
