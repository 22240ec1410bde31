#pragma once
#include <cstdint>
#include <deque>
#include <map>
#include <set>
#include <string>

#include "base/task.hpp"
#include "kafka/producer.hpp"
#include "model/change.hpp"
#include "model/envelope_writer.hpp"
#include "publish/route.hpp"

namespace penstock::publish {

// Sends one batch: add() every change of it in order, then finish().
//
// The last record of each partition carries the end mark, so one record a partition is held back until a later one
// of the same partition shows that it was not the last. A held-back record counts as not sent: durable_progress()
// never passes it. After a crash the same changes are added again, with `resume_after`: what is not above it is counted
// for the end mark, and sent no more.
class BatchPublisher {
 public:
  BatchPublisher(kafka::Producer& producer, const Routes& routes, EnvelopeWriter& writer, BatchHeader header,
                 Progress resume_after = {});

  // Throws what Producer::send throws, and Failure(setup) when a key column is not in a row image (renamed on A).
  Task<void> add(const Change& change);
  // Sends the end marks and waits until every record of the batch is acknowledged.
  Task<void> finish();

  Progress durable_progress();
  std::int64_t changes() const { return changes_; }

 private:
  struct Held {
    std::string key;
    std::string value;
    bool has_key = false;
    std::size_t end_at = 0;  // where in value the end mark goes
    Progress self;
    Progress before;         // the change added before it: how far progress may go while it is held
    bool resent = false;     // false: an earlier life sent it already
    std::int64_t count = 0;  // records of the batch in this partition so far
  };
  using Partitions = std::map<kafka::TopicPartition, Held>;

  Task<void> hold(const Route& route, std::int32_t partition, const Change& change);
  Task<void> send(const kafka::TopicPartition& where, const Held& held);
  std::size_t encode(std::string& out, const Route& route, const Change& change);
  void remember_checkpoint();
  EndMark end_mark() const;

  kafka::Producer& producer_;
  const Routes& routes_;
  EnvelopeWriter& writer_;
  const BatchHeader header_;
  const Progress resume_after_;

  Partitions partitions_;
  std::set<std::string, std::less<>> touched_;  // relations
  std::string key_;                             // scratch
  Progress last_added_;
  std::int64_t changes_ = 0;

  struct Checkpoint {
    std::uint64_t sequence;  // once acknowledged through this …
    Progress progress;       // … the batch has come this far
  };
  std::deque<Checkpoint> checkpoints_;
  Progress durable_;
  std::uint64_t last_sequence_ = 0;
};

}  // namespace penstock::publish
