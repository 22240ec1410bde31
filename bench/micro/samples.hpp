#pragma once
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "apply/record.hpp"
#include "apply/record_decoder.hpp"
#include "model/change.hpp"
#include "pg/result.hpp"
#include "support/kafka_client.hpp"

namespace penstock::bench {

// One batch of inserts into the first users' table, as it looks at every station of its way from A to B. Each form is
// made of the one before by the program's own code.
class Samples {
 public:
  static constexpr std::size_t kChanges = 1'000;

  Samples();
  ~Samples();
  Samples(const Samples&) = delete;
  Samples& operator=(const Samples&) = delete;

  const std::vector<apply::TableSpec>& tables() const { return tables_; }
  const apply::Partitions& partitions() const { return partitions_; }
  const pg::Result& journal() const { return journal_; }  // in pieces of 256, as the trigger writes them
  const std::vector<Change>& changes() const { return changes_; }
  const BatchHeader& header() const { return header_; }
  Envelope envelope(const Change& change) const;
  const std::vector<std::string>& keys() const { return keys_; }
  const std::vector<std::string>& values() const { return values_; }  // the last one with its end mark
  // Lent: whoever takes them puts them back.
  std::vector<kafka::Message>& messages();
  std::vector<apply::Record>& records();

 private:
  void fill_messages();

  std::vector<apply::TableSpec> tables_;
  BatchHeader header_;
  apply::Partitions partitions_;
  std::vector<std::string> images_;
  pg::Result journal_;
  std::vector<Change> changes_;
  std::vector<std::string> keys_, values_;
  test::KafkaClient client_;  // without a broker: no topic without a client
  std::unique_ptr<rd_kafka_topic_t, test::Free<rd_kafka_topic_destroy>> topic_;
  std::deque<rd_kafka_message_t> filled_;  // what the messages point to
  std::vector<kafka::Message> messages_;
  std::vector<apply::Record> records_;
};

}  // namespace penstock::bench
