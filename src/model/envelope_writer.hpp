#pragma once
#include <string>
#include <string_view>

#include "model/envelope.hpp"

namespace penstock {

// Writes envelopes for one pipeline. append(out, e, end) appends the JSON text of one change; `end` may be null.
class EnvelopeWriter {
 public:
  EnvelopeWriter(std::string_view pipeline, std::string_view database);
  void append(std::string& out, const Envelope& envelope, const EndMark* end) const;

 private:
  std::string source_;  // the part of "source" that never changes
};

}  // namespace penstock
