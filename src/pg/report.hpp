#pragma once
// Internal to pg/: libpq's reports as our errors.
#include <libpq-fe.h>

#include <string>

#include "pg/error.hpp"

namespace penstock::pg {

bool is_error(const PGresult* result);

// What the server said, with names but without row values.
Error server_error(const PGresult* result, const std::string& who);

// The connection broke, or could not be made: transient. libpq's text names host and user, never the password.
Error connection_lost(const PGconn* connection, const std::string& who);

}  // namespace penstock::pg
