#include "pg/connection_string.hpp"

#include <libpq-fe.h>

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <string_view>

#include "base/error.hpp"

namespace penstock::pg {
namespace {

struct FreeOptions {
  void operator()(PQconninfoOption* options) const { PQconninfoFree(options); }
};
using Options = std::unique_ptr<PQconninfoOption, FreeOptions>;

std::string_view value_of(const Options& options, std::string_view keyword) {
  for (const PQconninfoOption* o = options.get(); o->keyword != nullptr; ++o) {
    if (keyword == o->keyword) return o->val == nullptr ? "" : o->val;
  }
  return "";
}

// "postgresql://user:pass/word@host/db": libpq reads the host as "user", the port as "pass", the database as
// "word@host/db".
bool at_sign_in_path(std::string_view dsn) {
  const auto scheme = dsn.find("://");
  if (scheme == std::string_view::npos || (!dsn.starts_with("postgresql:") && !dsn.starts_with("postgres:")))
    return false;
  dsn.remove_prefix(scheme + 3);
  const auto slash = dsn.find('/');
  if (slash == std::string_view::npos) return false;
  const auto path = dsn.substr(slash, dsn.find('?', slash) - slash);
  return path.find('@') != std::string_view::npos;
}

// "postgresql://user:pa@ss@host/db": libpq reads the host as "ss@host". (A name that begins with @ is an abstract
// socket.)
bool at_sign_in_host(std::string_view hosts) { return hosts.find('@', 1) != std::string_view::npos; }

// "postgresql://user:password/db" (no host): libpq reads the port as "password".
bool port_is_no_number(std::string_view ports) {
  return ports.find_first_not_of("0123456789,") != std::string_view::npos;
}

// A socket, or this machine itself: nobody is in between.
bool is_local(std::string_view host) {
  return host.empty() || host.starts_with('/') || host.starts_with('@') || host == "localhost" || host == "::1" ||
         (host.starts_with("127.") && host.find_first_not_of("0123456789.") == std::string_view::npos);
}

bool all_local(std::string_view hosts) {
  while (true) {
    const auto comma = hosts.find(',');
    if (!is_local(hosts.substr(0, comma))) return false;
    if (comma == std::string_view::npos) return true;
    hosts.remove_prefix(comma + 1);
  }
}

std::string_view default_host(std::string_view hosts) {
  const char* set = std::getenv("PGHOST");
  return hosts.empty() && set != nullptr ? set : hosts;
}

}  // namespace

ConnectionString check_connection_string(const std::string& dsn, const std::string& who) {
  char* complaint = nullptr;
  const Options parsed(PQconninfoParse(dsn.c_str(), &complaint));
  PQfreemem(complaint);
  if (!parsed) {
    throw Failure(ErrorKind::usage, who +
                                        ": the connection string cannot be read; it should look like "
                                        "postgresql://user:password@host:5432/database");
  }
  const std::string_view hosts = value_of(parsed, "host");
  if (at_sign_in_path(dsn) || at_sign_in_host(hosts) || port_is_no_number(value_of(parsed, "port"))) {
    throw Failure(ErrorKind::usage,
                  who +
                      ": the connection string cannot be read; in a user name or password @ is written "
                      "%40, : %3A, / %2F, and the port is a number");
  }
  const auto commas = [](std::string_view list) { return static_cast<int>(std::count(list.begin(), list.end(), ',')); };
  const std::string_view addresses = value_of(parsed, "hostaddr");
  ConnectionString read;
  read.hosts = 1 + std::max(commas(hosts), commas(addresses));
  // libpq's own default would take any server, and plain text where the server has no TLS: "prefer".
  const bool said = !value_of(parsed, "sslmode").empty() || std::getenv("PGSSLMODE") != nullptr;
  read.must_verify = !said && !all_local(addresses.empty() ? default_host(hosts) : addresses);
  return read;
}

}  // namespace penstock::pg
