#include "harness/json.hpp"

#include <cmath>

#include <spdlog/fmt/fmt.h>

#include "model/json_text.hpp"

namespace penstock::bench {

std::string json_text(std::string_view text) {
  std::string out;
  append_json_string(out, text);
  return out;
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
