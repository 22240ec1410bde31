#include "pg/error.hpp"

#include <algorithm>
#include <array>

namespace penstock::pg {
namespace {

struct Rule {
  std::string_view prefix;
  ErrorKind kind;
};

constexpr auto kTransient = ErrorKind::transient;
constexpr auto kSetup = ErrorKind::setup;
constexpr auto kData = ErrorKind::data;
constexpr auto kConstraint = ErrorKind::constraint;
constexpr auto kBug = ErrorKind::bug;

// The first prefix that fits decides. The rule behind the rules: a row is rejected only for what the server blames on
// the row or what a user's trigger said about it; anything else waits, because a wait can be mended and a reject of
// everything cannot.
constexpr std::array kRules{
    // Our own functions'.
    Rule{"PN001", kData},       // penstock.reject(): a rule is false
    Rule{"PN002", kTransient},  // the fence: another applier was faster; read the offsets anew
    Rule{"PN003", kTransient},  // another applier executed a TRUNCATE: look what it was
    Rule{"PN", kBug},

    // The server, the wire, or the others who work there: it passes.
    Rule{"08", kTransient},     // connection
    Rule{"40", kTransient},     // deadlock, serialization
    Rule{"57", kTransient},     // shutdown, starting up, cancelled, statement_timeout
    Rule{"53", kTransient},     // disk full, memory, too many connections
    Rule{"58P", kSetup},        // a library or file of the server's that is not there
    Rule{"58", kTransient},     // I/O
    Rule{"72", kTransient},     // snapshot too old
    Rule{"55006", kTransient},  // object in use
    Rule{"55P03", kTransient},  // lock not available
    Rule{"55", kSetup},         // an object that is not in the state it should be in (a view without rows, a setting)
    Rule{"25006", kTransient},  // read only: a failover in progress
    Rule{"25P03", kTransient},  // idle-in-transaction timeout: it was we who were slow
    Rule{"XX001", kSetup},      // a corrupt table or index: somebody must repair it
    Rule{"XX002", kSetup},
    Rule{"XX", kTransient},  // internal ("tuple concurrently updated"): a server's bug must not cost rows

    // Somebody must repair something, and no row is to blame.
    Rule{"28", kSetup},  // password, pg_hba.conf
    Rule{"3D", kSetup},  // no such database
    Rule{"3F", kSetup},  // no such schema
    Rule{"42", kSetup},  // no such table, column, function, privilege. (A row that a row security policy refuses comes
                         // as 42501 too and waits: the role needs BYPASSRLS.)
    Rule{"0A", kSetup},  // not supported by this server
    Rule{"26", kSetup},  // our prepared statements vanish: a pooler in transaction mode
    Rule{"2B", kSetup},  // objects that depend on what is to be dropped
    Rule{"2D", kSetup},  // a trigger function that commits
    Rule{"39", kSetup},  // a trigger function that breaks the protocol
    Rule{"F0", kSetup},  // the server's configuration
    Rule{"HV", kSetup},  // a foreign table's server

    // Ours: statements in the wrong order.
    Rule{"25", kBug},  // behind a failed statement, inside or outside of a transaction
    Rule{"3B", kBug},  // no such savepoint
    Rule{"24", kBug},  // a cursor's state
    Rule{"34", kBug},  // a cursor's name

    // The row.
    Rule{"22", kData},        // a value that no cast takes
    Rule{"54", kData},        // too large for an index, too deeply nested
    Rule{"23", kConstraint},  // constraints
    Rule{"44", kConstraint},  // WITH CHECK OPTION
    Rule{"27", kConstraint},  // a trigger changed the row under the statement
    Rule{"21", kConstraint},  // two rows for one: keys that only B takes for equal; alone, each row goes through
    Rule{"P0", kConstraint},  // raised by a trigger of the user's
};

}  // namespace

ErrorKind classify_sqlstate(std::string_view sqlstate) {
  if (sqlstate.empty()) return ErrorKind::transient;
  const auto found =
      std::find_if(kRules.begin(), kRules.end(), [&](const Rule& rule) { return sqlstate.starts_with(rule.prefix); });
  // What is left is raised while a function runs: states that users invent (45000, MY001), a CASE without an ELSE
  // (20000), a function that ended without RETURN (2F005), one in C (38). It concerns the row that was being written.
  return found == kRules.end() ? ErrorKind::constraint : found->kind;
}

}  // namespace penstock::pg
