#include "fuzz/entries.hpp"

#include <cstdio>
#include <cstdlib>

#include "config/config.hpp"
#include "config/sql_name.hpp"
#include "model/envelope_reader.hpp"
#include "model/envelope_writer.hpp"

namespace penstock::fuzz {
namespace {

void must(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "does not hold: %s\n", what);
  std::abort();
}

// B is given an image as text that ends at the first NUL, and between others of its batch.
void check_image(std::string_view image, std::string_view bytes) {
  if (image.empty()) return;
  must(image.data() >= bytes.data() && image.data() + image.size() <= bytes.data() + bytes.size(),
       "an image lies inside the message");
  must(image.front() == '{' && image.back() == '}', "an image is an object");
  must(image.find('\0') == image.npos, "an image holds no NUL");
}

// What was understood says the same when it is written and read once more. But for the images: what stands inside of
// them only B reads, and refuses.
void check_round_trip(const DecodedEnvelope& read) {
  static EnvelopeWriter writer("emp", "hr");
  static EnvelopeReader again;
  std::string written;
  Envelope envelope = read.envelope;
  if (!envelope.before.empty()) envelope.before = R"({"id":1})";
  if (!envelope.after.empty()) envelope.after = R"({"id":1})";
  const std::size_t end_at = writer.append(written, envelope);
  if (read.end) writer.insert_end(written, end_at, *read.end);
  const auto second = again.read(written);
  must(std::holds_alternative<DecodedEnvelope>(second), "what was written can be read");
  const auto& copy = std::get<DecodedEnvelope>(second);
  must(copy.envelope.op == read.envelope.op && copy.envelope.position == read.envelope.position &&
           copy.envelope.nonce == read.envelope.nonce &&
           copy.envelope.relation_schema == read.envelope.relation_schema &&
           copy.envelope.relation_table == read.envelope.relation_table,
       "the position is the same");
  must(copy.end == read.end, "the end mark is the same");
}

}  // namespace

void read_envelope(std::string_view bytes) {
  static EnvelopeReader reader;
  // In a block of exactly its size, so that a look behind its end is seen.
  const auto exact = std::make_unique<char[]>(bytes.size());
  std::copy(bytes.begin(), bytes.end(), exact.get());
  const std::string_view message(exact.get(), bytes.size());
  const auto read = reader.read(message);
  if (std::holds_alternative<Undecodable>(read)) return;
  const auto& decoded = std::get<DecodedEnvelope>(read);
  check_image(decoded.envelope.before, message);
  check_image(decoded.envelope.after, message);
  check_round_trip(decoded);
}

void read_config(std::string_view bytes) {
  try {
    const Config config = Config::parse(std::string(bytes), "F");
    must(!config.tables.empty() && !config.pipeline.name.empty(), "a file that is accepted is complete");
    for (const auto& table : config.tables) {
      must(SqlPattern::parse(table.source).has_value() && SqlPattern::parse(table.target).has_value(),
           "an accepted table's names can be read");
    }
  } catch (const Failure& failure) {
    must(failure.kind() == ErrorKind::usage, "a wrong file is the user's");
    must(std::string_view(failure.what()).starts_with("F:"), "a complaint names the place");
  }
}

}  // namespace penstock::fuzz
