#pragma once
#include <string>
#include <string_view>

#include "model/envelope.hpp"

namespace penstock {

// Writes envelopes for one pipeline.
class EnvelopeWriter {
 public:
  EnvelopeWriter(std::string_view pipeline, std::string_view database);

  // Appends the JSON text of one change and returns the place in `out` where its end mark would go.
  std::size_t append(std::string& out, const Envelope& envelope) const;
  // Makes a written change the last of its batch in its partition.
  void insert_end(std::string& out, std::size_t at, const EndMark& end) const;

 private:
  std::string source_;  // the part of "source" that never changes
};

}  // namespace penstock
