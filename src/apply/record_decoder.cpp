#include "apply/record_decoder.hpp"

#include "base/check.hpp"

namespace penstock::apply {
namespace {

constexpr std::string_view kNoColumns = "{}";

}  // namespace

Partitions::Partitions(std::span<const TableSpec> tables) {
  for (std::size_t t = 0; t < tables.size(); ++t) {
    first_of_topic_.emplace(tables[t].topic, all_.size());
    for (std::int32_t p = 0; p < tables[t].partitions; ++p) {
      all_.push_back({tables[t].topic, p});
      table_of_.push_back(t);
    }
  }
}

int Partitions::index_of(std::string_view topic, std::int32_t partition) const {
  const auto found = first_of_topic_.find(topic);
  if (found == first_of_topic_.end() || partition < 0) return -1;
  const std::size_t index = found->second + static_cast<std::size_t>(partition);
  if (index >= all_.size() || all_[index].topic != topic) return -1;
  return static_cast<int>(index);
}

Record RecordDecoder::decode(kafka::Message message) {
  Record record;
  const int index = partitions_.index_of(message.topic(), message.partition());
  PENSTOCK_CHECK(index >= 0);  // only assigned partitions are read
  record.partition = static_cast<std::size_t>(index);
  record.offset = message.offset();
  record.message = std::move(message);
  record.bytes = record.message.value().size() + record.message.key().value_or("").size();
  record.table = partitions_.table_of(record.partition);
  record.poison = fill(record);
  return record;
}

std::string RecordDecoder::fill(Record& record) {
  auto read = reader_.read(record.message.value());
  if (auto* undecodable = std::get_if<Undecodable>(&read)) return std::move(undecodable->reason);
  auto& [envelope, end] = std::get<DecodedEnvelope>(read);

  record.op = envelope.op;
  record.position = envelope.position;
  record.nonce = envelope.nonce;
  record.previous = envelope.previous;
  record.txid = envelope.txid;
  if (end) record.end = std::make_unique<EndMark>(std::move(*end));
  if (!record.is_row()) {
    if (record.op == Op::mark && !record.end) return "a control record without an end mark";
  } else {
    const std::string problem = take_images(record, envelope);
    if (!problem.empty()) return problem;
  }
  const TableSpec& table = tables_[record.table];
  const bool known = envelope.relation_schema == table.source_schema && envelope.relation_table == table.source_table;
  // The table decides what the change is applied to, so a record in another table's topic is as foreign as one of a
  // table nobody named.
  if (!known && record.op != Op::mark) return "a table that does not belong to this topic";
  return {};
}

std::string RecordDecoder::take_images(Record& record, const Envelope& envelope) const {
  if (tables_[record.table].key.empty()) return take_images_without_key(record, envelope);
  record.oversize = record.op != Op::remove && envelope.after.empty();
  record.image = record.image_is_key() ? envelope.before : envelope.after;
  return record.image.empty() ? "a change without a row and a key" : "";
}

// An image without any column names no row: as a key it is all that came of a row that was too large.
std::string RecordDecoder::take_images_without_key(Record& record, const Envelope& envelope) {
  const bool has_old = record.op == Op::update || record.op == Op::remove;
  record.oversize = envelope.before == kNoColumns || envelope.after == kNoColumns ||
                    (record.op != Op::remove && envelope.after.empty());
  if (record.oversize) {
    record.image = kNoColumns;
    return {};
  }
  if (has_old) record.old_image = envelope.before;
  if (record.op != Op::remove) record.image = envelope.after;
  return has_old && record.old_image.empty() ? "a change without its old row in a table without a key" : "";
}

}  // namespace penstock::apply
