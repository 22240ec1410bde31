#pragma once
#include <string>
#include <string_view>

#include "model/envelope.hpp"

namespace penstock {

// Writes envelopes for one pipeline. read_as_written() knows their form.
class EnvelopeWriter {
 public:
  EnvelopeWriter(std::string_view pipeline, std::string_view database);

  // Appends the JSON text of one change and returns the place in `out` where its end mark would go. Quick where the
  // table and the batch are those of the change before.
  std::size_t append(std::string& out, const Envelope& envelope);
  // Makes a written change the last of its batch in its partition.
  void insert_end(std::string& out, std::size_t at, const EndMark& end) const;

 private:
  void write_table(const Envelope& envelope);
  void write_batch(const Envelope& envelope);

  std::string source_;  // the part of "source" that never changes
  // Of the last change: its table and its batch, and their text.
  std::string schema_, table_, table_text_;
  Position position_;
  Nonce nonce_{}, previous_{};
  std::string batch_text_;
};

}  // namespace penstock
