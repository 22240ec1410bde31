#pragma once
#include <string>
#include <string_view>

#include "apply/record.hpp"
#include "pg/error.hpp"

namespace penstock::apply {

// What refused a record.
enum class Stage {
  decode,      // it is no envelope of ours: poison
  rule,        // a rule of the configuration is false
  data,        // a value that the target's type cannot take
  constraint,  // a constraint (or a trigger) of the target
  drift,       // its columns do not fit the target's, and the configuration rejects such rows
};

std::string_view to_string(Stage stage);

struct Reject {
  const Record* record = nullptr;
  Stage stage = Stage::decode;
  std::string rule;
  std::string sqlstate;
  std::string message;  // carries no row values
};

// Errors that a row caused; everything else is the server's or the set-up's, and never rejects.
bool row_is_to_blame(const pg::Error& error);

Reject refused_row(const Record& record, const pg::Error& error);
Reject broken_rule(const Record& record, std::string_view rule);
Reject drifted_row(const Record& record, const std::string& drift);
Reject too_large(const Record& record);
Reject poison(const Record& record);

}  // namespace penstock::apply
