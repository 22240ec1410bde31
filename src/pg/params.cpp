#include "pg/params.hpp"

namespace penstock::pg {

const Params& Params::none() {
  static const Params empty;
  return empty;
}

Params& Params::add_ref(const char* text) {
  values_.push_back(text);
  return *this;
}

Params& Params::add(std::string_view text) {
  owned_.emplace_back(text);
  return add_ref(owned_.back().c_str());
}

Params& Params::add(std::int64_t number) { return add(std::string_view(std::to_string(number))); }

Params& Params::add(bool value) { return add_ref(value ? "t" : "f"); }

Params& Params::add(const std::vector<std::string>& texts) {
  std::string array = "{";
  for (const auto& text : texts) {
    if (array.size() > 1) array.push_back(',');
    array.push_back('"');
    for (const char c : text) {
      if (c == '"' || c == '\\') array.push_back('\\');
      array.push_back(c);
    }
    array.push_back('"');
  }
  array.push_back('}');
  return add(std::string_view(array));
}

Params& Params::add_null() { return add_ref(nullptr); }

}  // namespace penstock::pg
