#pragma once
#include "pg/connection.hpp"
#include "pg/socket.hpp"

namespace penstock::pg {

// Makes a connection within options.connect_timeout a host. Throws Error(transient) when the server cannot be reached,
// Error(setup) when it refuses (password, pg_hba.conf, no such database), Failure(usage) when the connection string
// cannot be read. Nothing blocks but the look-up of a host name, which libpq does itself: where name servers are slow,
// the connection string gives hostaddr.
Task<ConnectionHandle> open_connection(const ConnectOptions& options);

}  // namespace penstock::pg
