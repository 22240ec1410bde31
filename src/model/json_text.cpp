#include "model/json_text.hpp"

#include <algorithm>
#include <array>
#include <optional>

namespace penstock {
namespace {

// The end of the JSON string that begins at row[at] == '"': the index behind its closing quote.
std::size_t skip_string(std::string_view row, std::size_t at) {
  for (++at; at < row.size(); ++at) {
    if (row[at] == '\\') {
      ++at;
    } else if (row[at] == '"') {
      return at + 1;
    }
  }
  return row.size();
}

// The end of the JSON value that begins at row[at]: the index of the comma or bracket behind it.
std::size_t skip_value(std::string_view row, std::size_t at) {
  int depth = 0;
  while (at < row.size()) {
    const char c = row[at];
    if (c == '"') {
      at = skip_string(row, at);
      continue;
    }
    if (c == '{' || c == '[') ++depth;
    if (c == '}' || c == ']') {
      if (depth == 0) return at;
      --depth;
    }
    if (c == ',' && depth == 0) return at;
    ++at;
  }
  return at;
}

}  // namespace

void append_json_string(std::string& out, std::string_view text) {
  static constexpr char kHex[] = "0123456789abcdef";
  out.push_back('"');
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out.push_back('\\');
      out.push_back(c);
    } else if (byte < 0x20) {
      // The short escapes are PostgreSQL's (escape_json), so that a member's text matches what row_to_json writes.
      switch (c) {
        case '\b': out.append("\\b"); break;
        case '\f': out.append("\\f"); break;
        case '\n': out.append("\\n"); break;
        case '\r': out.append("\\r"); break;
        case '\t': out.append("\\t"); break;
        default: out.append("\\u00").append(1, kHex[byte >> 4]).append(1, kHex[byte & 15]);
      }
    } else {
      out.push_back(c);
    }
  }
  out.push_back('"');
}

bool MemberCursor::next() {
  if (at_ >= object_.size() || object_[at_] != '"') return false;
  const std::size_t name_end = skip_string(object_, at_);
  const std::size_t value_at = std::min(name_end + 1, object_.size());  // behind the colon
  const std::size_t end = skip_value(object_, value_at);
  name_ = object_.substr(at_, name_end - at_);
  value_ = object_.substr(value_at, end - value_at);
  at_ = end + 1;
  return true;
}

KeyExtractor::KeyExtractor(const std::vector<std::string>& columns) {
  for (const auto& column : columns) {
    std::string member;
    append_json_string(member, column);
    members_.push_back(std::move(member));
  }
}

bool KeyExtractor::append_key(std::string& out, std::string_view row) const {
  // A table's key is mostly among its first columns: the scan stops at the last one found.
  std::array<std::string_view, 32> found{};  // PostgreSQL's INDEX_MAX_KEYS
  std::size_t missing = members_.size();
  MemberCursor cursor(row);
  while (missing > 0 && cursor.next()) {
    for (std::size_t i = 0; i < members_.size(); ++i) {
      if (found[i].empty() && members_[i] == cursor.name()) {
        found[i] = cursor.value();
        --missing;
        break;
      }
    }
  }
  if (missing > 0) return false;

  out.push_back('{');
  for (std::size_t i = 0; i < members_.size(); ++i) {
    if (i > 0) out.push_back(',');
    out.append(members_[i]).append(1, ':').append(found[i]);
  }
  out.push_back('}');
  return true;
}

}  // namespace penstock
