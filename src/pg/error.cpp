#include "pg/error.hpp"

#include <algorithm>
#include <array>

namespace penstock::pg {
namespace {

struct Rule {
  std::string_view prefix;
  ErrorKind kind;
};

// The first prefix that fits decides.
constexpr std::array kRules{
    Rule{"PN001", ErrorKind::data},       // our own penstock.reject()
    Rule{"08", ErrorKind::transient},     // connection
    Rule{"25006", ErrorKind::transient},  // read only: a failover in progress
    Rule{"25P03", ErrorKind::transient},  // idle-in-transaction timeout: it was we who were slow
    Rule{"25P02", ErrorKind::bug},        // a statement after a failed one
    Rule{"40", ErrorKind::transient},     // deadlock, serialization
    Rule{"53", ErrorKind::transient},     // disk full, memory, too many connections
    Rule{"55", ErrorKind::transient},     // lock not available, object in use
    Rule{"57", ErrorKind::transient},     // shutdown, cancelled, timeout, starting up
    Rule{"58", ErrorKind::transient},     // I/O
    Rule{"28", ErrorKind::setup},         // password, pg_hba
    Rule{"3D", ErrorKind::setup},         // no such database
    Rule{"3F", ErrorKind::setup},         // no such schema
    Rule{"42", ErrorKind::setup},         // no such table, column, privilege
    Rule{"0A", ErrorKind::setup},         // not supported by this server
    Rule{"22", ErrorKind::data},          // a value no cast takes
    Rule{"23", ErrorKind::constraint},   Rule{"44", ErrorKind::constraint},  // WITH CHECK OPTION
    Rule{"54", ErrorKind::data},                                             // too large, too many columns
    Rule{"27", ErrorKind::constraint},                                       // triggered data change violation
    Rule{"P0", ErrorKind::constraint},                                       // raised by a trigger of the user's
    Rule{"XX", ErrorKind::transient},  // internal: retried, because rejecting rows for a server's bug would lose them
};

}  // namespace

ErrorKind classify_sqlstate(std::string_view sqlstate) {
  if (sqlstate.empty()) return ErrorKind::transient;
  const auto found =
      std::find_if(kRules.begin(), kRules.end(), [&](const Rule& rule) { return sqlstate.starts_with(rule.prefix); });
  // What a user's trigger or function raises under a state of its own concerns the row.
  return found == kRules.end() ? ErrorKind::constraint : found->kind;
}

}  // namespace penstock::pg
