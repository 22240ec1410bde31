#pragma once
#include "pg/connection.hpp"
#include "pg/socket.hpp"

namespace penstock::pg {

struct Opened {
  ConnectionHandle handle;
  std::string server_process;  // its number, as the server says it
};

// Makes a connection within options.connect_timeout a host. Throws Error(transient) when the server cannot be reached,
// Error(setup) when it refuses (password, pg_hba.conf, no such database), Failure(usage) when the connection string
// cannot be read. Nothing blocks but the look-up of a host name, which libpq does itself: where name servers are slow,
// the connection string gives hostaddr.
Task<Opened> open_connection(const ConnectOptions& options);

}  // namespace penstock::pg
