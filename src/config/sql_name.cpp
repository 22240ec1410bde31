#include "config/sql_name.hpp"

namespace penstock {
namespace {

bool is_letter(unsigned char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c >= 0x80; }
bool is_more(unsigned char c) { return is_letter(c) || (c >= '0' && c <= '9') || c == '$'; }

// Takes one identifier off text.
std::optional<std::string> take_identifier(std::string_view& text) {
  std::string name;
  if (text.starts_with('"')) {
    std::size_t at = 1;
    for (; at < text.size(); ++at) {
      if (text[at] == '"') {
        if (at + 1 >= text.size() || text[at + 1] != '"') break;
        ++at;
      }
      name.push_back(text[at]);
    }
    if (at >= text.size() || name.empty()) return std::nullopt;
    text.remove_prefix(at + 1);
    return name;
  }
  if (text.empty() || !is_letter(static_cast<unsigned char>(text[0]))) return std::nullopt;
  while (!text.empty() && is_more(static_cast<unsigned char>(text[0]))) {
    const char c = text[0];
    name.push_back(c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c);
    text.remove_prefix(1);
  }
  return name;
}

}  // namespace

std::optional<SqlName> parse_sql_name(std::string_view text) {
  auto schema = take_identifier(text);
  if (!schema || !text.starts_with('.')) return std::nullopt;
  text.remove_prefix(1);
  auto table = take_identifier(text);
  if (!table || !text.empty()) return std::nullopt;
  return SqlName{std::move(*schema), std::move(*table)};
}

std::optional<std::string> parse_sql_identifier(std::string_view text) {
  auto name = take_identifier(text);
  if (!text.empty()) return std::nullopt;
  return name;
}

}  // namespace penstock
