#include "micro/hot.hpp"

#include <algorithm>
#include <memory>

#include "apply/batch/batch_assembler.hpp"
#include "apply/batch_plan.hpp"
#include "apply/table/column_scan.hpp"
#include "base/check.hpp"
#include "capture/change_cursor.hpp"
#include "kafka/producer.hpp"
#include "model/envelope_reader.hpp"
#include "model/envelope_writer.hpp"
#include "model/json_text.hpp"

namespace penstock::bench {
namespace {

constexpr std::size_t kAll = Samples::kChanges;

std::size_t size_of(const std::vector<std::string>& texts) {
  std::size_t bytes = 0;
  for (const std::string& text : texts) bytes += text.size();
  return bytes;
}

Round read_journal(Samples& samples) {
  return [&samples] {
    capture::ChangeCursor cursor(samples.journal(), 0);
    std::size_t changes = 0, bytes = 0;
    for (Change change; cursor.next(change); ++changes) bytes += change.image.size();
    PENSTOCK_CHECK(changes == kAll);
    return bytes;
  };
}

Round take_key(Samples& samples) {
  return [&samples, extractor = KeyExtractor({"emp_id"}), key = std::string()]() mutable {
    std::size_t bytes = 0;
    for (std::size_t i = 0; i < kAll; ++i) {
      key.clear();
      PENSTOCK_CHECK(extractor.append_key(key, samples.changes()[i].image) && key == samples.keys()[i]);
      bytes += key.size();
    }
    return bytes;
  };
}

Round choose_partition(Samples& samples) {
  return [&samples, bytes = size_of(samples.keys())] {
    std::int32_t highest = 0;
    for (const std::string& key : samples.keys()) highest = std::max(highest, kafka::partition_of(key, 8));
    PENSTOCK_CHECK(highest == 7);  // of a thousand keys some go into the last one
    return bytes;
  };
}

Round write_envelope(Samples& samples) {
  return [&samples, writer = EnvelopeWriter("emp", "hr"), value = std::string()]() mutable {
    std::size_t bytes = 0;
    for (const Change& change : samples.changes()) {
      value.clear();
      PENSTOCK_CHECK(writer.append(value, samples.envelope(change)) > 0);
      bytes += value.size();
    }
    PENSTOCK_CHECK(bytes > kAll);
    return bytes;
  };
}

Round read_envelope(Samples& samples) {
  const auto reader = std::make_shared<EnvelopeReader>();
  return [&samples, reader, bytes = size_of(samples.values())] {
    for (const std::string& value : samples.values()) {
      PENSTOCK_CHECK(std::holds_alternative<DecodedEnvelope>(reader->read(value)));
    }
    return bytes;
  };
}

Round decode_record(Samples& samples) {
  const auto decoder = std::make_shared<apply::RecordDecoder>(samples.tables(), samples.partitions());
  return [&messages = samples.messages(), decoder, bytes = size_of(samples.values())] {
    for (kafka::Message& message : messages) {
      apply::Record record = decoder->decode(std::move(message));
      PENSTOCK_CHECK(record.poison.empty());
      message = std::move(record.message);
    }
    return bytes;
  };
}

// Into a batch, and out of it again as pieces.
Round assemble_batch(Samples& samples) {
  apply::Offsets from;
  from.last = apply::BatchId{samples.header().epoch, BatchNo{304}, samples.header().previous};
  return [&samples, &records = samples.records(), from, bytes = size_of(samples.values())] {
    apply::BatchAssembler assembler(samples.partitions(), from);
    for (apply::Record& record : records) assembler.add(std::move(record));
    PENSTOCK_CHECK(assembler.piece_ready());
    apply::Piece piece = assembler.take_piece();
    PENSTOCK_CHECK(piece.last && piece.records.size() == kAll);
    records = std::move(piece.records);
    // The assembler keeps the end mark: the next round's batch wants it again.
    records.back().end = std::make_unique<EndMark>(*piece.end);
    return bytes;
  };
}

Round recognise_columns(Samples& samples) {
  return [&samples, scan = apply::ColumnScan()]() mutable {
    std::size_t bytes = 0;
    for (const Change& change : samples.changes()) {
      PENSTOCK_CHECK(scan.shape_of(change.image) == 0);
      bytes += change.image.size();
    }
    return bytes;
  };
}

Round plan_piece(Samples& samples) {
  return [&records = samples.records(), bytes = size_of(samples.values())] {
    apply::Truncated truncated;
    const auto steps = apply::plan_piece(records, truncated);
    PENSTOCK_CHECK(steps.size() == 1 && steps[0].changes.size() == kAll);
    return bytes;
  };
}

Round write_parameter(Samples& samples) {
  apply::Truncated truncated;
  const auto steps = apply::plan_piece(samples.records(), truncated);
  return [changes = steps.at(0).changes] {
    const std::string array = apply::json_array(changes);
    PENSTOCK_CHECK(array.size() > kAll);
    return array.size();
  };
}

}  // namespace

const std::vector<Hot>& hot_functions() {
  static const std::vector<Hot> kHot{
      {"read_journal", read_journal},
      {"take_key", take_key},
      {"choose_partition", choose_partition},
      {"write_envelope", write_envelope},
      {"read_envelope", read_envelope},
      {"decode_record", decode_record},
      {"assemble_batch", assemble_batch},
      {"recognise_columns", recognise_columns},
      {"plan_piece", plan_piece},
      {"write_parameter", write_parameter},
  };
  return kHot;
}

}  // namespace penstock::bench
