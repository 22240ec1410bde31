#pragma once
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "apply/record.hpp"
#include "apply/table/table_spec.hpp"
#include "model/envelope_reader.hpp"

namespace penstock::apply {

// The partitions of a pipeline's tables, numbered; the numbers are what the rest of apply/ speaks.
class Partitions {
 public:
  explicit Partitions(std::span<const TableSpec> tables);

  const std::vector<kafka::TopicPartition>& all() const { return all_; }
  // -1: none of ours.
  int index_of(std::string_view topic, std::int32_t partition) const;
  std::size_t table_of(std::size_t partition) const { return table_of_[partition]; }

 private:
  std::vector<kafka::TopicPartition> all_;
  std::vector<std::size_t> table_of_;
  std::map<std::string, std::size_t, std::less<>> first_of_topic_;  // a topic's partitions follow each other
};

// Turns messages into records. What cannot be one of ours becomes poison: a value, not an exception.
class RecordDecoder {
 public:
  RecordDecoder(std::span<const TableSpec> tables, const Partitions& partitions)
      : tables_(tables), partitions_(partitions) {}

  Record decode(kafka::Message message);

 private:
  // These return why it is poison.
  std::string fill(Record& record);
  std::string take_images(Record& record, const Envelope& envelope) const;
  static std::string take_images_without_key(Record& record, const Envelope& envelope);

  std::span<const TableSpec> tables_;
  const Partitions& partitions_;
  EnvelopeReader reader_;
};

}  // namespace penstock::apply
