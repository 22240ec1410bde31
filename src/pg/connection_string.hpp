#pragma once
#include <string>

namespace penstock::pg {

// Checks a connection string before libpq acts on it: a password that libpq takes for a part of the address would be
// quoted in its error messages. Returns how many hosts it names. Throws Failure(usage), which repeats none of it.
int check_connection_string(const std::string& dsn, const std::string& who);

}  // namespace penstock::pg
