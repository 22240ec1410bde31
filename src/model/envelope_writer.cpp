#include "model/envelope_writer.hpp"

#include <charconv>

#include "model/json_text.hpp"

namespace penstock {
namespace {

void append_number(std::string& out, std::int64_t number) {
  char digits[24];
  const auto end = std::to_chars(digits, digits + sizeof digits, number).ptr;
  out.append(digits, static_cast<std::size_t>(end - digits));
}

void append_member(std::string& out, std::string_view name, std::int64_t number) {
  out.append(name);
  append_number(out, number);
}

void append_image(std::string& out, std::string_view name, std::string_view json) {
  out.append(name).append(json.empty() ? std::string_view("null") : json);
}

void append_end(std::string& out, const EndMark& end) {
  append_member(out, R"(,"end":{"count":)", end.count);
  append_member(out, R"(,"total":)", end.total);
  out.append(R"(,"snapshot":")").append(end.snapshot).append(R"(","captured":{)");
  bool first = true;
  for (const auto& [relation, captured] : end.captured) {
    if (!first) out.push_back(',');
    first = false;
    append_json_string(out, relation);
    out.push_back(':');
    append_number(out, captured);
  }
  out.append(R"(},"partitions":[)");
  first = true;
  for (const auto& part : end.parts) {
    out.append(first ? "[" : ",[");
    first = false;
    append_json_string(out, part.topic);
    append_member(out, ",", part.partition);
    append_member(out, ",", part.count);
    out.push_back(']');
  }
  out.append("]}");
}

}  // namespace

EnvelopeWriter::EnvelopeWriter(std::string_view pipeline, std::string_view database) {
  source_ = R"("source":{"connector":"penstock","name":)";
  append_json_string(source_, pipeline);
  source_.append(R"(,"db":)");
  append_json_string(source_, database);
  source_.append(R"(,"schema":)");
}

std::size_t EnvelopeWriter::append(std::string& out, const Envelope& envelope) {
  const Position& position = envelope.position;
  if (table_text_.empty() || envelope.relation_table != table_ || envelope.relation_schema != schema_) {
    write_table(envelope);
  }
  if (batch_text_.empty() || position.epoch != position_.epoch || position.batch != position_.batch ||
      envelope.nonce != nonce_ || envelope.previous != previous_) {
    write_batch(envelope);
  }
  out.append(R"({"op":")").append(1, static_cast<char>(envelope.op)).append(R"(","ts_ms":)");
  const std::size_t time_at = out.size();
  append_number(out, envelope.ts_ms);
  const std::size_t time_size = out.size() - time_at;
  out.append(table_text_);
  append_number(out, envelope.txid);
  out.append(R"(,"ts_ms":)").append(out, time_at, time_size).append(batch_text_);
  append_number(out, position.cdc_id);
  append_member(out, R"(,"ordinal":)", position.ordinal);
  const std::size_t end_at = out.size();
  append_image(out, R"(}},"before":)", envelope.before);
  append_image(out, R"(,"after":)", envelope.after);
  out.push_back('}');
  return end_at;
}

void EnvelopeWriter::write_table(const Envelope& envelope) {
  schema_ = envelope.relation_schema;
  table_ = envelope.relation_table;
  table_text_ = "," + source_;
  append_json_string(table_text_, schema_);
  table_text_.append(R"(,"table":)");
  append_json_string(table_text_, table_);
  table_text_.append(R"(,"txId":)");
}

void EnvelopeWriter::write_batch(const Envelope& envelope) {
  position_ = envelope.position;
  nonce_ = envelope.nonce;
  previous_ = envelope.previous;
  batch_text_.clear();
  append_member(batch_text_, R"(,"penstock":{"epoch":)", static_cast<std::int64_t>(position_.epoch));
  append_member(batch_text_, R"(,"batch":)", static_cast<std::int64_t>(position_.batch));
  append_member(batch_text_, R"(,"nonce":)", static_cast<std::int64_t>(nonce_));
  append_member(batch_text_, R"(,"previous":)", static_cast<std::int64_t>(previous_));
  batch_text_.append(R"(,"cdc_id":)");
}

void EnvelopeWriter::insert_end(std::string& out, std::size_t at, const EndMark& end) const {
  std::string text;
  append_end(text, end);
  out.insert(at, text);
}

}  // namespace penstock
