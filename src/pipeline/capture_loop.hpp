#pragma once
#include <chrono>
#include <string>

#include "base/stop.hpp"
#include "capture/journal.hpp"
#include "kafka/admin.hpp"
#include "kafka/lost_records.hpp"
#include "kafka/producer.hpp"
#include "pipeline/source_life.hpp"
#include "publish/batch_publisher.hpp"
#include "publish/route.hpp"

namespace penstock::pipeline {

// From A's journal to Kafka, for ever: reads batches, publishes each, acknowledges it by opening the next.
class CaptureLoop {
 public:
  struct Options {
    capture::Journal::Options journal;
    kafka::Cluster cluster;
    kafka::Cluster reading;  // the consumer's properties and group, to look at the ends of the topics
    std::string reading_group;
    std::vector<publish::Route> routes;
  };
  CaptureLoop(Options options, StopToken& stop);

  // Returns once stop was requested and the batch in hand is done. What waiting may mend (a server away, the producer
  // dead) is waited for; throws Failure(safety, usage, bug) otherwise.
  Task<void> run();

 private:
  Task<void> session();
  Task<void> read_journal();
  Task<bool> stand_by(capture::Journal& journal);
  Task<void> stream(capture::Journal& journal);
  Task<void> look_while_waiting(capture::Journal& journal);
  Task<void> refuse_missing_topics();
  Task<void> check_life(capture::Journal& journal);
  Task<void> keep_house(capture::Journal& journal);
  Task<void> say_doubts(capture::Journal& journal);
  Task<bool> copy_some(capture::Journal& journal);
  enum class Woken { not_asleep, by_writer, by_time };  // by_time: it slept for as long as it may, nobody called
  Task<Woken> wait_for_changes(capture::Journal& journal, bool locked);
  // Returns its changes.
  Task<std::int64_t> publish(capture::Journal& journal, capture::JournalRows first_rows, Progress resume_after);
  Task<void> publish_rows(capture::Journal& journal, capture::JournalRows rows, publish::BatchPublisher& batch);
  Task<void> publish_slices(capture::Journal& journal, publish::BatchPublisher& batch);
  Task<void> note_progress(capture::Journal& journal, publish::BatchPublisher& batch);

  const Options options_;
  const publish::Routes routes_;
  kafka::TopicWatch topic_watch_;
  SourceLife life_;
  StopToken& stop_;
  std::unique_ptr<kafka::Producer> producer_;
  std::unique_ptr<kafka::Admin> admin_;
  std::unique_ptr<EnvelopeWriter> writer_;
  std::chrono::steady_clock::time_point house_kept_{}, requests_taken_up_{}, life_checked_{};
  BatchNo house_kept_at_{-1};  // the newest batch then
  int idle_rounds_ = 0;
  std::vector<std::string> doubts_;  // as they were last said
};

}  // namespace penstock::pipeline
