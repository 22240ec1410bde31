#include "model/json_text.hpp"

#include <algorithm>
#include <array>
#include <optional>

namespace penstock {
namespace {

// The end of the JSON string that begins at row[at] == '"': the index behind its closing quote, the first one with no
// backslash before it that is not escaped itself.
std::size_t skip_string(std::string_view row, std::size_t at) {
  const std::size_t begin = at + 1;
  while ((at = row.find('"', at + 1)) != row.npos) {
    std::size_t backslashes = 0;
    while (at - backslashes > begin && row[at - backslashes - 1] == '\\') ++backslashes;
    if (backslashes % 2 == 0) return at + 1;
  }
  return row.size();
}

// Of characters outside of strings.
enum class Kind : unsigned char { foreign, plain, comma, quote, opening, closing };

constexpr std::array<Kind, 256> kKinds = [] {
  std::array<Kind, 256> kinds{};
  for (const char c : std::string_view(" \t\r\n:+-.0123456789eEtrufalsn")) {
    kinds[static_cast<unsigned char>(c)] = Kind::plain;
  }
  kinds[','] = Kind::comma;
  kinds['"'] = Kind::quote;
  kinds['{'] = kinds['['] = Kind::opening;
  kinds['}'] = kinds[']'] = Kind::closing;
  return kinds;
}();

// The end of the JSON value that begins at row[at]: the index of the comma or bracket behind it.
std::size_t skip_value(std::string_view row, std::size_t at) {
  int depth = 0;
  while (at < row.size()) {
    switch (kKinds[static_cast<unsigned char>(row[at])]) {
      case Kind::quote: at = skip_string(row, at); continue;
      case Kind::opening: ++depth; break;
      case Kind::closing:
        if (depth == 0) return at;
        --depth;
        break;
      case Kind::comma:
        if (depth == 0) return at;
        break;
      case Kind::plain:
      case Kind::foreign: break;
    }
    ++at;
  }
  return at;
}

}  // namespace

std::size_t object_size(std::string_view text) {
  if (!text.starts_with('{')) return 0;
  const auto first = text.find_first_not_of(" \t\r\n", 1);
  if (first == std::string_view::npos || (text[first] != '"' && text[first] != '}')) return 0;
  int depth = 0;
  for (std::size_t at = 0; at < text.size(); ++at) {
    switch (kKinds[static_cast<unsigned char>(text[at])]) {
      case Kind::foreign: return 0;
      case Kind::plain:
      case Kind::comma: break;
      case Kind::opening: ++depth; break;
      case Kind::quote: at = skip_string(text, at) - 1; break;
      case Kind::closing:
        if (--depth == 0) return text[at] == '}' ? at + 1 : 0;
    }
  }
  return 0;
}

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
  take(skip_string(object_, at_));
  return true;
}

bool MemberCursor::next_is(std::string_view name) {
  if (object_.substr(std::min(at_, object_.size()), name.size()) != name) return false;
  take(at_ + name.size());
  return true;
}

void MemberCursor::take(std::size_t name_end) {
  const std::size_t value_at = std::min(name_end + 1, object_.size());  // behind the colon
  const std::size_t end = skip_value(object_, value_at);
  name_ = object_.substr(at_, name_end - at_);
  value_ = object_.substr(value_at, end - value_at);
  at_ = end + 1;
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
