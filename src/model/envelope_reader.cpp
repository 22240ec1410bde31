#include "model/envelope_reader.hpp"

#include <cstring>
#include <vector>

#include <simdjson.h>

#include "model/as_written.hpp"
#include "model/json_text.hpp"

namespace penstock {
namespace {

namespace json = simdjson::ondemand;

// An envelope that is JSON but lacks something, or has it with another type.
struct NotOurs {
  const char* what;
};

struct Source {
  std::string schema, table;
  bool has_position = false;
};

std::int32_t narrow(std::int64_t number) {
  const auto narrowed = static_cast<std::int32_t>(number);
  if (narrowed != number) throw NotOurs{"a number out of range"};
  return narrowed;
}

EndMark read_end(json::object object) {
  EndMark end;
  for (auto field : object) {
    const std::string_view name = field.unescaped_key();
    if (name == "count") {
      end.count = field.value().get_int64();
    } else if (name == "total") {
      end.total = field.value().get_int64();
    } else if (name == "snapshot") {
      end.snapshot = std::string_view(field.value().get_string());
      const bool plain = end.snapshot.find_first_not_of("0123456789:,") == std::string::npos;
      if (!plain) throw NotOurs{"a malformed end mark"};
    } else if (name == "captured") {
      for (auto member : field.value().get_object()) {
        std::string relation(std::string_view(member.unescaped_key()));
        const std::int64_t captured = member.value().get_int64();
        end.captured.emplace_back(std::move(relation), captured);
      }
    } else if (name == "partitions") {
      for (auto entry : field.value().get_array()) {
        EndMark::Part part;
        int i = 0;
        for (auto item : entry.get_array()) {
          if (i == 0) part.topic = std::string_view(item.get_string());
          if (i == 1) part.partition = narrow(item.get_int64());
          if (i == 2) part.count = item.get_int64();
          ++i;
        }
        if (i != 3) throw NotOurs{"a malformed end mark"};
        end.parts.push_back(std::move(part));
      }
    }
  }
  return end;
}

void read_position(json::object object, DecodedEnvelope& out) {
  int seen = 0;
  auto& e = out.envelope;
  for (auto field : object) {
    const std::string_view name = field.unescaped_key();
    if (name == "end") {
      out.end = read_end(field.value().get_object());
      continue;
    }
    const std::int64_t number = field.value().get_int64();
    if (name == "epoch") {
      e.position.epoch = Epoch{number};
    } else if (name == "batch") {
      e.position.batch = BatchNo{number};
    } else if (name == "nonce") {
      e.nonce = Nonce{number};
    } else if (name == "previous") {
      e.previous = Nonce{number};
    } else if (name == "cdc_id") {
      e.position.cdc_id = number;
    } else if (name == "ordinal") {
      e.position.ordinal = narrow(number);
    } else {
      continue;
    }
    ++seen;
  }
  if (seen != 6) throw NotOurs{"an incomplete position"};
}

Source read_source(json::object object, DecodedEnvelope& out) {
  Source source;
  for (auto field : object) {
    const std::string_view name = field.unescaped_key();
    if (name == "schema") {
      source.schema = std::string_view(field.value().get_string());
    } else if (name == "table") {
      source.table = std::string_view(field.value().get_string());
    } else if (name == "txId") {
      out.envelope.txid = field.value().get_int64();
    } else if (name == "ts_ms") {
      out.envelope.ts_ms = field.value().get_int64();
    } else if (name == "penstock") {
      read_position(field.value().get_object(), out);
      source.has_position = true;
    }
  }
  return source;
}

// The raw text of an object; "" for null. Simdjson passes over what it is not asked for: a NUL, at which B's text would
// end, and brackets that do not match. Its text reaches to the next token, blanks included.
std::string_view read_image(json::value value) {
  if (value.is_null()) return {};
  std::string_view image = value.get_object().value().raw_json();
  image = image.substr(0, image.find_last_not_of(" \t\r\n") + 1);
  if (object_size(image) != image.size() || image.find('\0') != image.npos) throw NotOurs{"an image that is no object"};
  return image;
}

Op read_op(std::string_view text) {
  if (text.size() == 1 && std::strchr("cudrtm", text[0]) != nullptr) return static_cast<Op>(text[0]);
  throw NotOurs{"an unknown op"};
}

}  // namespace

struct EnvelopeReader::Impl {
  json::parser parser;
  std::vector<char> padded;  // simdjson reads past the end of its input, librdkafka's buffers have nothing there
  Source source;

  DecodedEnvelope read(std::string_view bytes) {
    DecodedEnvelope out;
    if (!read_as_written(bytes, out.envelope)) out = read_json(bytes);
    check_images(out.envelope);
    return out;
  }

  DecodedEnvelope read_json(std::string_view bytes) {
    if (padded.size() < bytes.size() + simdjson::SIMDJSON_PADDING) {
      padded.resize(bytes.size() + simdjson::SIMDJSON_PADDING);
    }
    std::memcpy(padded.data(), bytes.data(), bytes.size());
    const char* origin = padded.data();
    const auto in_bytes = [&](std::string_view text) {
      return text.empty() ? text : bytes.substr(static_cast<std::size_t>(text.data() - origin), text.size());
    };

    DecodedEnvelope out;
    source = {};
    bool has_op = false;
    auto document = parser.iterate(padded.data(), bytes.size(), padded.size());
    for (auto field : document.get_object()) {
      const std::string_view name = field.unescaped_key();
      if (name == "op") {
        out.envelope.op = read_op(field.value().get_string());
        has_op = true;
      } else if (name == "source") {
        source = read_source(field.value().get_object(), out);
      } else if (name == "before") {
        out.envelope.before = in_bytes(read_image(field.value()));
      } else if (name == "after") {
        out.envelope.after = in_bytes(read_image(field.value()));
      }
    }
    if (!has_op || !source.has_position) throw NotOurs{"no op or no source.penstock"};
    out.envelope.relation_schema = source.schema;
    out.envelope.relation_table = source.table;
    return out;
  }

  static void check_images(const Envelope& e) {
    const bool wants_after = e.op == Op::create || e.op == Op::update || e.op == Op::read;
    // An oversize row has its key in `before` and no image.
    if (wants_after && e.after.empty() && e.before.empty()) throw NotOurs{"no image"};
    if (e.op == Op::remove && e.before.empty()) throw NotOurs{"a delete without a key"};
  }
};

EnvelopeReader::EnvelopeReader() : impl_(std::make_unique<Impl>()) {}
EnvelopeReader::~EnvelopeReader() = default;

std::variant<DecodedEnvelope, Undecodable> EnvelopeReader::read(std::string_view bytes) {
  if (bytes.empty()) return Undecodable{"an empty value"};
  try {
    return impl_->read(bytes);
  } catch (const NotOurs& problem) {
    return Undecodable{std::string("no envelope of Penstock's: ") + problem.what};
  } catch (const simdjson::simdjson_error& problem) {
    return Undecodable{std::string("not readable as JSON: ") + simdjson::error_message(problem.error())};
  }
}

}  // namespace penstock
