#pragma once
#include <string>
#include <string_view>

#include "model/envelope.hpp"

namespace penstock {

// Writes envelopes for one pipeline.
class EnvelopeWriter {
 public:
  EnvelopeWriter(std::string_view pipeline, std::string_view database);

  // Appends the JSON text of one change. `end` is null but on the last record of a batch in a partition.
  void append(std::string& out, const Envelope& envelope, const EndMark* end = nullptr) const;

 private:
  std::string source_;  // the part of "source" that never changes
};

}  // namespace penstock
