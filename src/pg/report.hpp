#pragma once
// Internal to pg/: libpq's reports as our errors.
#include <libpq-fe.h>

#include <string>
#include <string_view>

#include "pg/error.hpp"

namespace penstock::pg {

bool is_error(const PGresult* result);

// "the message (table t, constraint c) [SQLSTATE 42P01]": names, but no row values.
std::string description(const PGresult* report);

// What the server said. sqlstate "" when libpq made the report itself: then the connection is gone.
Error server_error(const PGresult* result, const std::string& who);

// An established connection broke: transient.
Error connection_lost(const PGconn* connection, const std::string& who);

// No connection could be made: transient, setup or usage. libpq's text names hosts and the user, never the password.
Error not_connected(const PGconn* connection, const std::string& who, int hosts);

// The SQLSTATE in "… FATAL:  28P01: password authentication failed …", as libpq writes it when verbose; else "".
std::string_view sqlstate_in(std::string_view text);

// Whether a server's primary message may be repeated: not when it may quote what stood in a row. `function` is the one
// of the server's source that reported it, `context` the server's account of who called.
bool message_is_harmless(std::string_view sqlstate, std::string_view function, std::string_view context);

}  // namespace penstock::pg
