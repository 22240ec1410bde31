#pragma once
#include <string>
#include <string_view>
#include <vector>

namespace penstock {

// `text` as a JSON string with its quotes, appended to out.
void append_json_string(std::string& out, std::string_view text);

// The size of the object that a text begins with, from brace to brace, so that no text can end it earlier or go on
// behind it; 0: none. Whether all in between is JSON is not asked.
std::size_t object_size(std::string_view text);

// Walks the top-level members of a JSON object as the server's row_to_json writes it (no blanks between members).
class MemberCursor {
 public:
  explicit MemberCursor(std::string_view object) : object_(object) {}
  bool next();
  // The same, where the next member has this name (with its quotes); else false, and it stays where it is.
  bool next_is(std::string_view name);
  std::string_view name() const { return name_; }    // with its quotes
  std::string_view value() const { return value_; }  // raw JSON text

 private:
  void take(std::size_t name_end);

  std::string_view object_, name_, value_;
  std::size_t at_ = 1;  // behind the opening brace
};

// Takes keys out of row images: {"emp_id":1} out of {"emp_id":1,"city":"Perth"}, byte for byte as the server wrote the
// values.
class KeyExtractor {
 public:
  explicit KeyExtractor(const std::vector<std::string>& columns);
  bool keyless() const { return members_.empty(); }
  // Appends the key object to out; false when a key column is not in the row (renamed on A). The row must be a JSON
  // object.
  bool append_key(std::string& out, std::string_view row) const;

 private:
  std::vector<std::string> members_;  // `"emp_id":`, in key order
};

}  // namespace penstock
