#include "rivals/native.hpp"

#include <libpq-fe.h>

#include <stdexcept>

namespace penstock::bench {
namespace {

// The statement takes no parameters.
std::string quoted(Session& session, const std::string& text) {
  char* const literal = PQescapeLiteral(session.handle(), text.data(), text.size());
  if (literal == nullptr) throw std::runtime_error(PQerrorMessage(session.handle()));
  std::string out = literal;
  PQfreemem(literal);
  return out;
}

}  // namespace

void Native::start() {
  Session a(place().dsn_a);
  Session b(place().dsn_b);
  a.run("create publication bench for table employee, bystander");
  b.run("create extension if not exists pg_walinspect");
  // The slot is named after the database, which is this run's alone. binary: its fastest.
  const std::string slot = b.value("select current_database()");
  b.run("create subscription bench connection " + quoted(b, place().dsn_a) + " publication bench with (slot_name = " +
        slot + ", copy_data = false, binary = true, synchronous_commit = " + (synchronous_ ? "on" : "off") + ")");
}

// Disabled, it has no walsender that would decode what others write to its A.
void Native::pause() { Session(place().dsn_b).run("alter subscription bench disable"); }

void Native::resume() { Session(place().dsn_b).run("alter subscription bench enable"); }

void Native::stop() { Session(place().dsn_b).run("drop subscription if exists bench"); }

}  // namespace penstock::bench
