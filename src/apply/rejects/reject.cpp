#include "apply/rejects/reject.hpp"

namespace penstock::apply {

std::string_view to_string(Stage stage) {
  switch (stage) {
    case Stage::decode: return "decode";
    case Stage::rule: return "rule";
    case Stage::data: return "data";
    case Stage::constraint: return "constraint";
    case Stage::drift: return "drift";
  }
  return "decode";
}

bool row_is_to_blame(const pg::Error& error) {
  return error.kind() == ErrorKind::data || error.kind() == ErrorKind::constraint;
}

Reject refused_row(const Record& record, const pg::Error& error) {
  const Stage stage = error.kind() == ErrorKind::data ? Stage::data : Stage::constraint;
  return {&record, stage, error.constraint(), error.sqlstate(), error.what()};
}

Reject broken_rule(const Record& record, std::string_view rule) {
  return {&record, Stage::rule, std::string(rule), "", "the rule " + std::string(rule) + " is false"};
}

Reject drifted_row(const Record& record, const std::string& drift) {
  return {&record, Stage::drift, "on_drift", "", drift};
}

Reject too_large(const Record& record) {
  return {&record, Stage::data, "", "54000",
          "the row is too large, or lost a column of its key; its key is all that came: raise message.max.bytes of "
          "[kafka.producer] and max.message.bytes of its topic, and write the row again"};
}

Reject poison(const Record& record) { return {&record, Stage::decode, "", "", record.poison}; }

}  // namespace penstock::apply
