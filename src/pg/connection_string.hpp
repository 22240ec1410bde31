#pragma once
#include <string>

namespace penstock::pg {

struct ConnectionString {
  int hosts = 1;  // how many it names
  bool must_verify =
      false;  // its server may be elsewhere, and it does not say otherwise: TLS, with the certificate checked
};

// Checks a connection string before libpq acts on it: a password that libpq takes for a part of the address would be
// quoted in its error messages. Throws Failure(usage), which repeats none of it.
ConnectionString check_connection_string(const std::string& dsn, const std::string& who);

}  // namespace penstock::pg
