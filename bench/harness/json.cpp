#include "harness/json.hpp"

#include <cmath>

#include <spdlog/fmt/fmt.h>

namespace penstock::bench {

std::string json_text(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    if (static_cast<unsigned char>(c) < 0x20) {
      out += fmt::format("\\u{:04x}", static_cast<int>(c));
    } else {
      out += c;
    }
  }
  return out + "\"";
}

std::string json_number(double number) { return std::isfinite(number) ? fmt::format("{:.6g}", number) : "null"; }

JsonObject& JsonObject::raw(std::string_view name, std::string_view json) {
  if (!body_.empty()) body_ += ", ";
  body_ += json_text(name);
  body_ += ": ";
  body_ += json;
  return *this;
}

}  // namespace penstock::bench
