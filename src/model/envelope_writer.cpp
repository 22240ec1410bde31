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

std::size_t EnvelopeWriter::append(std::string& out, const Envelope& envelope) const {
  out.append(R"({"op":")").append(1, static_cast<char>(envelope.op));
  append_member(out, R"(","ts_ms":)", envelope.ts_ms);
  out.append(1, ',').append(source_);
  append_json_string(out, envelope.relation_schema);
  out.append(R"(,"table":)");
  append_json_string(out, envelope.relation_table);
  append_member(out, R"(,"txId":)", envelope.txid);
  append_member(out, R"(,"ts_ms":)", envelope.ts_ms);
  append_member(out, R"(,"penstock":{"epoch":)", static_cast<std::int64_t>(envelope.position.epoch));
  append_member(out, R"(,"batch":)", static_cast<std::int64_t>(envelope.position.batch));
  append_member(out, R"(,"nonce":)", static_cast<std::int64_t>(envelope.nonce));
  append_member(out, R"(,"previous":)", static_cast<std::int64_t>(envelope.previous));
  append_member(out, R"(,"cdc_id":)", envelope.position.cdc_id);
  append_member(out, R"(,"ordinal":)", envelope.position.ordinal);
  const std::size_t end_at = out.size();
  out.append("}}");
  append_image(out, R"(,"before":)", envelope.before);
  append_image(out, R"(,"after":)", envelope.after);
  out.push_back('}');
  return end_at;
}

void EnvelopeWriter::insert_end(std::string& out, std::size_t at, const EndMark& end) const {
  std::string text;
  append_end(text, end);
  out.insert(at, text);
}

}  // namespace penstock
