#pragma once
#include <concepts>
#include <string>
#include <string_view>

namespace penstock::bench {

std::string json_text(std::string_view text);  // quoted
std::string json_number(double number);        // six digits that count; null for what is no number

// Builds the text of one JSON object, members in the order in which they were set.
class JsonObject {
 public:
  JsonObject& set(std::string_view name, std::string_view text) { return raw(name, json_text(text)); }
  JsonObject& set(std::string_view name, const char* text) { return raw(name, json_text(text)); }
  JsonObject& set(std::string_view name, double number) { return raw(name, json_number(number)); }
  template <std::integral Number>
  JsonObject& set(std::string_view name, Number number) {
    if constexpr (std::same_as<Number, bool>) return raw(name, number ? "true" : "false");
    return raw(name, std::to_string(number));
  }
  JsonObject& set(std::string_view name, const JsonObject& object) { return raw(name, object.text()); }
  JsonObject& raw(std::string_view name, std::string_view json);  // JSON already

  std::string text() const { return "{" + body_ + "}"; }

 private:
  std::string body_;
};

}  // namespace penstock::bench
