#pragma once
#include <stdexcept>
#include <string>
#include <string_view>

namespace penstock {

// What can be done about a failure. Decided once, where a SQLSTATE or a Kafka code becomes ours.
enum class ErrorKind {
  transient,   // the server or the wire: wait and try again, for ever
  setup,       // a missing table, column, topic or privilege: wait and say so, never reject a row
  data,        // a value the target cannot take: narrow down to the row, reject it
  constraint,  // a row the target's constraints refuse: the same
  usage,       // the command line or the configuration: exit 2
  safety,      // going on could lose or double changes: exit 4
  bug,         // ours: exit 5
};

std::string_view to_string(ErrorKind kind);

// A failure that ends what was being done. Its text never carries row values, connection strings or passwords.
class Failure : public std::runtime_error {
 public:
  Failure(ErrorKind kind, const std::string& what) : std::runtime_error(what), kind_(kind) {}

  ErrorKind kind() const { return kind_; }
  bool transient() const { return kind_ == ErrorKind::transient; }
  // Waiting may mend it, without anything being lost: transient ones, and a set-up that somebody can repair.
  bool worth_waiting() const { return kind_ == ErrorKind::transient || kind_ == ErrorKind::setup; }

 private:
  ErrorKind kind_;
};

// The process's exit code for a failure that nothing caught (interface.md).
int exit_code(ErrorKind kind);

}  // namespace penstock
