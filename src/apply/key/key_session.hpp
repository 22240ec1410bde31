#pragma once
#include <map>
#include <memory>
#include <set>

#include "apply/applier_options.hpp"
#include "apply/batch_writer.hpp"
#include "apply/key/key_assembler.hpp"
#include "apply/key/partition_progress.hpp"
#include "apply/record_decoder.hpp"
#include "apply/rejects/ledger.hpp"
#include "apply/target_session.hpp"
#include "kafka/admin.hpp"

namespace penstock::apply {

// What one connection to B is good for: a KeyApplier's memory, forgotten with it. The options, the partitions and the
// dead letters are the applier's, and outlive it.
struct KeySession {
  using Clock = KeyAssembler::Clock;

  KeySession(std::unique_ptr<TargetSession> on_b, const ApplierOptions& options, const Partitions& numbering,
             DeadLetters& letters)
      : pipeline(options.pipeline),
        partitions(numbering),
        target(std::move(on_b)),
        decoder(options.tables, numbering),
        assembler(numbering, options.limits),
        progress(*target, numbering),
        writer(*target, letters, progress),
        ledger(*target, letters) {}

  const std::string& pipeline;
  const Partitions& partitions;
  std::unique_ptr<TargetSession> target;
  RecordDecoder decoder;
  KeyAssembler assembler;
  PartitionProgress progress;
  BatchWriter writer;
  Ledger ledger;
  std::map<kafka::TopicPartition, std::int64_t> ours;  // and before which offset nothing is left of it in B's memory
  std::set<std::size_t> paused;
  Clock::time_point house_kept = Clock::now();
  // Of a partition held up for kPatience: where Kafka's partitions ended then.
  std::map<std::size_t, std::map<kafka::TopicPartition, kafka::Watermarks>> ends_to_wait_for;
  std::map<std::size_t, Clock::time_point> said_held_up;  // of partitions: since when
  int tries = 0;                                          // that B refused to serialize, in a row
  Clock::time_point ledger_due = Clock::now();
  std::size_t units_since_trim = 0;
};

}  // namespace penstock::apply
