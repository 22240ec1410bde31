#pragma once
#include <optional>
#include <string>
#include <vector>

#include "capture/slot.hpp"
#include "kafka/topic_ends.hpp"

namespace penstock::pipeline {

// Notices that A is not the database any more whose changes are in Kafka: it failed over to a standby that lacks the
// last commits, was restored, made anew, or cloned. The early warning of the chain; the guarantee is the applier's
// check of nonces (apply/batch/batch_assembler.hpp).
class SourceLife {
 public:
  SourceLife(kafka::Cluster reading, std::string group, std::vector<kafka::TableTopic> topics)
      : reading_(std::move(reading)), group_(std::move(group)), topics_(std::move(topics)) {}

  // Compares the slot with what this process opened last and with the ends of the topics. Throws Failure(safety) where
  // the chain is broken; transient and setup ones while Kafka does not answer.
  Task<void> check(const capture::Slot& slot) const;
  // The same where A has no slot: Kafka may not hold batches of this pipeline then.
  Task<void> check_without_slot() const;
  // This process opened, or found, the slot's batch.
  void remember(const capture::Slot& slot) { remembered_ = slot.link(); }

 private:
  const kafka::Cluster reading_;
  const std::string group_;
  const std::vector<kafka::TableTopic> topics_;
  std::optional<BatchLink> remembered_;
};

}  // namespace penstock::pipeline
