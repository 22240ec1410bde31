#include "model/as_written.hpp"

#include <charconv>
#include <cstring>

#include <simdjson.h>

#include "model/json_text.hpp"

namespace penstock {
namespace {

// One look at eight bytes: is any of them below a blank? The borrow of a byte may spoil those above it, never the
// answer.
bool has_control_characters(std::string_view text) {
  constexpr std::uint64_t kBlanks = 0x2020202020202020U, kTops = 0x8080808080808080U;
  while (text.size() >= 8) {
    std::uint64_t eight = 0;
    std::memcpy(&eight, text.data(), 8);
    if (((eight - kBlanks) & ~eight & kTops) != 0) return true;
    text.remove_prefix(8);
  }
  for (const char c : text) {
    if (static_cast<unsigned char>(c) < 0x20) return true;
  }
  return false;
}

// Where a text is read. Each step says whether what it is to read stands there, and goes behind it.
class Cursor {
 public:
  explicit Cursor(std::string_view text) : at_(text.data()), end_(at_ + text.size()) {}

  bool at_end() const { return at_ == end_; }

  bool literal(std::string_view expected) {
    if (rest().substr(0, expected.size()) != expected) return false;
    at_ += expected.size();
    return true;
  }

  bool op(Op& out) {
    if (at_end() || std::strchr("cudrtm", *at_) == nullptr || *at_ == '\0') return false;
    out = static_cast<Op>(*at_++);
    return true;
  }

  template <class Number>
  bool number(Number& out) {
    const char* const digits = at_ + (!at_end() && *at_ == '-' ? 1 : 0);
    const auto [behind, error] = std::from_chars(at_, end_, out);
    if (error != std::errc() || (*digits == '0' && behind - digits > 1)) return false;  // "007" is no JSON
    at_ = behind;
    return true;
  }

  template <class Tagged>
  bool tagged(Tagged& out) {
    std::int64_t value = 0;
    if (!number(value)) return false;
    out = Tagged{value};
    return true;
  }

  // What stands between quotes, where nothing in it is escaped.
  bool plain_string(std::string_view& out) {
    if (at_end() || *at_ != '"') return false;
    const auto close = rest().find('"', 1);
    if (close == std::string_view::npos) return false;
    out = rest().substr(1, close - 1);
    if (out.find('\\') != std::string_view::npos) return false;
    at_ += close + 1;
    return true;
  }

  // The text of an object; empty for null.
  bool image(std::string_view& out) {
    out = {};
    if (literal("null")) return true;
    out = rest().substr(0, object_size(rest()));
    at_ += out.size();
    return !out.empty();
  }

 private:
  std::string_view rest() const { return {at_, static_cast<std::size_t>(end_ - at_)}; }

  const char* at_;
  const char* end_;
};

bool read_source(Cursor& at, Envelope& out) {
  std::string_view pipeline, database;
  return at.literal(R"(,"source":{"connector":"penstock","name":)") && at.plain_string(pipeline) &&
         at.literal(R"(,"db":)") && at.plain_string(database) && at.literal(R"(,"schema":)") &&
         at.plain_string(out.relation_schema) && at.literal(R"(,"table":)") && at.plain_string(out.relation_table) &&
         at.literal(R"(,"txId":)") && at.number(out.txid) && at.literal(R"(,"ts_ms":)") && at.number(out.ts_ms);
}

bool read_position(Cursor& at, Envelope& out) {
  Position& position = out.position;
  return at.literal(R"(,"penstock":{"epoch":)") && at.tagged(position.epoch) && at.literal(R"(,"batch":)") &&
         at.tagged(position.batch) && at.literal(R"(,"nonce":)") && at.tagged(out.nonce) &&
         at.literal(R"(,"previous":)") && at.tagged(out.previous) && at.literal(R"(,"cdc_id":)") &&
         at.number(position.cdc_id) && at.literal(R"(,"ordinal":)") && at.number(position.ordinal);
}

}  // namespace

bool read_as_written(std::string_view bytes, Envelope& out) {
  Cursor at(bytes);
  std::int64_t time = 0;  // the same as the source's
  return at.literal(R"({"op":")") && at.op(out.op) && at.literal(R"(","ts_ms":)") && at.number(time) &&
         read_source(at, out) && read_position(at, out) && at.literal(R"(}},"before":)") && at.image(out.before) &&
         at.literal(R"(,"after":)") && at.image(out.after) && at.literal("}") && at.at_end() &&
         !has_control_characters(bytes) && simdjson::validate_utf8(bytes.data(), bytes.size());
}

}  // namespace penstock
