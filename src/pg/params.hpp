#pragma once
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace penstock::pg {

// The parameters $1, $2, … of one statement, in text format, types inferred by the server.
// add_ref borrows: the bytes must live until the statement was sent and be followed by a NUL (std::string, PQgetvalue);
// add copies. Both return *this.
class Params {
 public:
  Params() = default;
  Params(Params&&) noexcept = default;
  Params& operator=(Params&&) noexcept = default;
  Params(const Params&) = delete;  // the values point into owned_
  Params& operator=(const Params&) = delete;

  // For a statement without parameters; lives for ever. (A default argument `= {}` would be gone before a Task that is
  // not awaited in the same expression looks at it.)
  static const Params& none();

  // All at once, by add().
  template <class... Values>
  static Params of(const Values&... values) {
    Params params;
    (params.add(values), ...);
    return params;
  }

  Params& add_ref(const char* text);
  Params& add(std::string_view text);
  Params& add(const char* text) { return add(std::string_view(text)); }
  Params& add(std::int64_t number);
  Params& add(int number) { return add(std::int64_t{number}); }
  Params& add(bool value);
  Params& add(const std::vector<std::string>& texts);  // a text[]
  Params& add_null();

  int size() const { return static_cast<int>(values_.size()); }
  const char* const* values() const { return values_.data(); }

 private:
  std::vector<const char*> values_;
  std::deque<std::string> owned_;  // a deque never moves its strings
};

}  // namespace penstock::pg
