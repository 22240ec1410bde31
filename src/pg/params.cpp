#include "pg/params.hpp"

namespace penstock::pg {

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

Params& Params::add_null() { return add_ref(nullptr); }

}  // namespace penstock::pg
