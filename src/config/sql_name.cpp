#include "config/sql_name.hpp"

namespace penstock {
namespace {

bool is_letter(unsigned char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c >= 0x80; }
bool is_more(unsigned char c) { return is_letter(c) || (c >= '0' && c <= '9') || c == '$'; }

// Stands for any characters: no name of PostgreSQL's holds it.
constexpr char kAny = '\0';

// Takes one identifier off text. stars: an unquoted one may hold *.
std::optional<std::string> take_identifier(std::string_view& text, bool stars = false) {
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
  const auto is_star = [stars](char c) { return stars && c == '*'; };
  if (text.empty() || !(is_star(text[0]) || is_letter(static_cast<unsigned char>(text[0])))) return std::nullopt;
  while (!text.empty() && (is_star(text[0]) || is_more(static_cast<unsigned char>(text[0])))) {
    const char c = text[0];
    name.push_back(is_star(c) ? kAny : c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c);
    text.remove_prefix(1);
  }
  return name;
}

std::optional<SqlName> parse_parts(std::string_view text, bool stars) {
  auto schema = take_identifier(text, stars);
  if (!schema || !text.starts_with('.')) return std::nullopt;
  text.remove_prefix(1);
  auto table = take_identifier(text, stars);
  if (!table || !text.empty()) return std::nullopt;
  return SqlName{std::move(*schema), std::move(*table)};
}

bool matches_part(std::string_view pattern, std::string_view name) {
  if (pattern.empty()) return name.empty();
  if (pattern[0] != kAny) {
    return !name.empty() && pattern[0] == name[0] && matches_part(pattern.substr(1), name.substr(1));
  }
  for (std::size_t taken = 0; taken <= name.size(); ++taken) {
    if (matches_part(pattern.substr(1), name.substr(taken))) return true;
  }
  return false;
}

// nullopt: a * inside of a part.
std::optional<std::string> filled_part(const std::string& pattern, const std::string& source) {
  if (pattern == std::string(1, kAny)) return source;
  if (pattern.find(kAny) != std::string::npos) return std::nullopt;
  return pattern;
}

}  // namespace

std::optional<SqlName> parse_sql_name(std::string_view text) { return parse_parts(text, false); }

std::optional<SqlPattern> SqlPattern::parse(std::string_view text) {
  auto parts = parse_parts(text, true);
  if (!parts) return std::nullopt;
  SqlPattern pattern;
  pattern.with_stars_ = std::move(*parts);
  return pattern;
}

bool SqlPattern::is_name() const {
  return with_stars_.schema.find(kAny) == std::string::npos && with_stars_.table.find(kAny) == std::string::npos;
}

bool SqlPattern::matches(const SqlName& name) const {
  return matches_part(with_stars_.schema, name.schema) && matches_part(with_stars_.table, name.table);
}

std::optional<SqlName> SqlPattern::filled(const SqlName& source) const {
  auto schema = filled_part(with_stars_.schema, source.schema);
  auto table = filled_part(with_stars_.table, source.table);
  if (!schema || !table) return std::nullopt;
  return SqlName{std::move(*schema), std::move(*table)};
}

std::optional<std::string> parse_sql_identifier(std::string_view text) {
  auto name = take_identifier(text);
  if (!text.empty()) return std::nullopt;
  return name;
}

}  // namespace penstock
