#include "pg/connect.hpp"

#include <boost/asio/experimental/awaitable_operators.hpp>

#include "pg/report.hpp"

namespace penstock::pg {
namespace {

using namespace asio::experimental::awaitable_operators;

struct FreeOptions {
  void operator()(PQconninfoOption* options) const { PQconninfoFree(options); }
};

// libpq's own complaint about a connection string quotes it, password and all, so it is not repeated.
void check_connection_string(const ConnectOptions& options) {
  char* complaint = nullptr;
  const std::unique_ptr<PQconninfoOption, FreeOptions> parsed(PQconninfoParse(options.dsn.c_str(), &complaint));
  PQfreemem(complaint);
  if (!parsed) {
    throw Failure(ErrorKind::usage, options.name +
                                        ": the connection string cannot be read; it should look like "
                                        "postgresql://user:password@host:5432/database");
  }
}

ConnectionHandle start(const ConnectOptions& options) {
  const std::string application = "penstock " + options.name;
  // What stands before dbname is a default that the connection string may override; what stands behind it wins.
  const char* const names[] = {
      "fallback_application_name", "keepalives_idle", "keepalives_interval", "keepalives_count",
      "tcp_user_timeout",          "dbname",          "client_encoding",     nullptr};
  const char* const values[] = {application.c_str(), "5", "2", "3", "10000", options.dsn.c_str(), "UTF8", nullptr};
  return ConnectionHandle(PQconnectStartParams(names, values, 1));
}

Task<void> poll_until_connected(PGconn* connection, const std::string& who) {
  Socket socket(co_await asio::this_coro::executor);
  auto wants = PGRES_POLLING_WRITING;
  while (wants != PGRES_POLLING_OK) {
    if (wants == PGRES_POLLING_FAILED) throw connection_lost(connection, who);
    socket.attach(PQsocket(connection));
    if (wants == PGRES_POLLING_READING) {
      co_await socket.readable();
    } else {
      co_await socket.writable();
    }
    // libpq may close this descriptor and open another in here.
    socket.detach();
    wants = PQconnectPoll(connection);
  }
}

// The failure as a value: of two coroutines raced against each other, Asio waits for one that succeeds.
Task<std::exception_ptr> attempt(PGconn* connection, const std::string& who) {
  try {
    co_await poll_until_connected(connection, who);
  } catch (const Failure&) {
    co_return std::current_exception();
  }
  co_return nullptr;
}

}  // namespace

Task<ConnectionHandle> open_connection(const ConnectOptions& options) {
  check_connection_string(options);
  ConnectionHandle handle = start(options);
  if (!handle || PQstatus(handle.get()) == CONNECTION_BAD) throw connection_lost(handle.get(), options.name);
  asio::steady_timer timer(co_await asio::this_coro::executor, options.connect_timeout);
  auto attempted = attempt(handle.get(), options.name);
  auto late = timer.async_wait(asio::use_awaitable);
  const auto first = co_await (std::move(attempted) || std::move(late));
  if (first.index() == 1) {
    throw Error(ErrorKind::transient, "", "",
                options.name + ": no connection within " + std::to_string(options.connect_timeout.count()) + " ms");
  }
  if (const auto failed = std::get<0>(first)) std::rethrow_exception(failed);
  PQsetnonblocking(handle.get(), 1);
  PQsetNoticeProcessor(
      handle.get(), [](void*, const char*) { /* notices quote row values; nobody asked for them */ }, nullptr);
  co_return handle;
}

}  // namespace penstock::pg
