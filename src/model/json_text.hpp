#pragma once
#include <string>
#include <string_view>
#include <vector>

namespace penstock {

// `text` as a JSON string with its quotes, appended to out.
void append_json_string(std::string& out, std::string_view text);

// Takes keys out of row images: {"emp_id":1} out of {"emp_id":1,"city":"Perth"}, byte for byte as the server wrote the
// values.
class KeyExtractor {
 public:
  explicit KeyExtractor(const std::vector<std::string>& columns);
  // Appends the key object to out; false when a key column is not in the row (renamed on A). The row must be a JSON
  // object.
  bool append_key(std::string& out, std::string_view row) const;

 private:
  std::vector<std::string> members_;  // `"emp_id":`, in key order
};

}  // namespace penstock
