#pragma once
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "apply/applier_options.hpp"
#include "apply/batch/batch_assembler.hpp"
#include "apply/batch/batch_progress.hpp"
#include "apply/batch_writer.hpp"
#include "apply/record_decoder.hpp"
#include "apply/rejects/dead_letters.hpp"
#include "apply/target_session.hpp"
#include "base/stop.hpp"
#include "kafka/admin.hpp"
#include "kafka/consumer.hpp"

namespace penstock::apply {

// From Kafka to B, for ever, for one pipeline: whole batches, each in one transaction (README.md in this folder).
class Applier {
 public:
  explicit Applier(ApplierOptions options);

  // Returns once stop was requested and the batch in hand is done (10 s at most). What waiting may mend (a server away,
  // a column missing) is waited for and said once; throws Failure(safety) when going on could lose or double changes.
  Task<void> run(StopToken& stop);

 private:
  struct Session;
  Task<void> serve(StopToken& stop);
  Task<void> stream(Session& session, StopToken& stop);
  Task<void> apply_what_is_ready(Session& session);
  void regulate(Session& session);
  Task<void> keep_house(Session& session);
  Task<std::vector<kafka::Message>> poll(Session& session, std::chrono::milliseconds timeout);
  Task<void> look_for_gap(Session& session);
  Task<void> refuse_lost_records(const Session& session, std::chrono::seconds sure_within);
  void mirror(const Session& session);

  const ApplierOptions options_;
  const Partitions partitions_;
  DeadLetters dead_letters_;
  std::unique_ptr<kafka::Consumer> consumer_;
  std::unique_ptr<kafka::Admin> admin_;
  PieceLimits limits_;    // of the batch in hand
  bool announce_ = true;  // say when a session begins to apply
};

}  // namespace penstock::apply
