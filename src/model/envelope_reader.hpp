#pragma once
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "model/envelope.hpp"

namespace penstock {

struct DecodedEnvelope {
  Envelope envelope;  // views into the bytes given, or into the reader's scratch (schema, table): see below
  std::optional<EndMark> end;
};

// Bytes that are no envelope of ours: a value, not an exception.
struct Undecodable {
  std::string reason;  // carries no row values
};

// Reads envelopes. `before` and `after` are raw JSON text inside the caller's bytes; relation_schema and relation_table
// stand there as well, or live in the reader until the next read().
class EnvelopeReader {
 public:
  EnvelopeReader();
  ~EnvelopeReader();
  std::variant<DecodedEnvelope, Undecodable> read(std::string_view bytes);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace penstock
