#pragma once
#include "pg/connection.hpp"
#include "pg/socket.hpp"

namespace penstock::pg {

// Makes a connection, without blocking, within options.connect_timeout. Throws Error(transient) when the server cannot
// be reached or refuses, Failure(usage) when the connection string cannot be read.
Task<ConnectionHandle> open_connection(const ConnectOptions& options);

}  // namespace penstock::pg
