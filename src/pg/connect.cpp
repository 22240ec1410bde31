#include "pg/connect.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <boost/asio/experimental/awaitable_operators.hpp>

#include "base/log.hpp"
#include "pg/connection_string.hpp"
#include "pg/report.hpp"

namespace penstock::pg {
namespace {

using namespace asio::experimental::awaitable_operators;

// A role or a database may have another default, and a serializable reader aborts the users' serializable writers. By
// SET, not in the startup packet: that would take the place of `options` in the connection string, in PGOPTIONS or in a
// service file, and poolers refuse it. It costs one round trip a connection. The server, too, is to notice soon that we
// are gone without a word: our session holds locks that others wait for.
// And the search_path: in a schema that others may write to, anybody could plant a function or an operator that fits
// our statements better than PostgreSQL's own, and would run as us. As under native replication, what the role and the
// database say does not count; whoever needs a path names it in the connection string's options. Constraint exclusion
// would run functions in a partition's CHECK while it plans. statement_timeout first: what follows may take longer than
// a role's default allows.
constexpr const char* kSession =
    "set statement_timeout = 0; set default_transaction_isolation = 'read committed'; set tcp_keepalives_idle = 5; set "
    "tcp_keepalives_interval = "
    "2; set tcp_keepalives_count = 3; set tcp_user_timeout = '30s'; set constraint_exclusion = off; "
    "select pg_catalog.set_config('search_path', 'pg_catalog, pg_temp', false) where not exists (select from "
    "pg_catalog.pg_settings where name operator(pg_catalog.=) 'search_path' and source operator(pg_catalog.=) "
    "'client'); select pg_catalog.pg_backend_pid()";

// Only libpq's own words and the names in it: a notice may quote row values as well as an error.
void log_notice(void*, const PGresult* notice) {
  if (spdlog::should_log(spdlog::level::debug)) log::debug("PostgreSQL says: {}", description(notice));
}

ConnectionHandle start(const ConnectOptions& options, bool must_verify) {
  const std::string application = "penstock " + options.name;
  // What stands before dbname is a default that the connection string may override; what stands behind it wins.
  const char* const names[] = {"fallback_application_name",
                               "keepalives_idle",
                               "keepalives_interval",
                               "keepalives_count",
                               "tcp_user_timeout",
                               "dbname",
                               "client_encoding",
                               must_verify ? "sslmode" : nullptr,
                               nullptr};
  const char* const values[] = {application.c_str(), "5",    "2",           "3",    "10000",
                                options.dsn.c_str(), "UTF8", "verify-full", nullptr};
  ConnectionHandle handle(PQconnectStartParams(names, values, 1));
  if (!handle) throw connection_lost(nullptr, options.name);
  PQsetNoticeReceiver(handle.get(), log_notice, nullptr);
  // The only way to learn the SQLSTATE of a refused connection: libpq writes it into the text.
  PQsetErrorVerbosity(handle.get(), PQERRORS_VERBOSE);
  return handle;
}

Task<void> poll_until_connected(PGconn* connection, Socket& socket, const std::string& who, int hosts) {
  auto wants = PQstatus(connection) == CONNECTION_BAD ? PGRES_POLLING_FAILED : PGRES_POLLING_WRITING;
  while (wants != PGRES_POLLING_OK) {
    if (wants == PGRES_POLLING_FAILED) throw not_connected(connection, who, hosts);
    socket.attach(PQsocket(connection));  // anew each time: libpq may have opened another one
    if (wants == PGRES_POLLING_READING) {
      co_await socket.readable();
    } else {
      co_await socket.writable();
    }
    wants = PQconnectPoll(connection);
  }
}

// While it works on one statement, a server takes no more of the next ones than its socket holds, and the kernel's
// timeout would take that for death, though it acknowledges every probe. From here on Connection looks into silences.
void bear_busy_servers(PGconn* connection) {
  constexpr int kNever = 0;
  // A socket of another kind refuses it, and has no such timeout.
  static_cast<void>(::setsockopt(PQsocket(connection), IPPROTO_TCP, TCP_USER_TIMEOUT, &kNever, sizeof kNever));
}

// Returns the process that serves us; a pooler between would have told another number than the server does.
Task<std::string> set_session(PGconn* connection, Socket& socket, const std::string& who) {
  // From here on libpq's texts carry the SQLSTATE alone, so that none can quote a row however the connection ends.
  PQsetErrorVerbosity(connection, PQERRORS_SQLSTATE);
  socket.attach(PQsocket(connection));
  std::string process;
  if (PQsendQuery(connection, kSession) == 0) throw connection_lost(connection, who);
  while (true) {
    while (PQisBusy(connection) == 1) {
      co_await socket.readable();
      if (PQconsumeInput(connection) == 0) throw connection_lost(connection, who);
    }
    const ResultHandle result(PQgetResult(connection));
    if (!result) break;
    if (is_error(result.get())) throw server_error(result.get(), who);
    if (PQntuples(result.get()) == 1) process = PQgetvalue(result.get(), 0, 0);
  }
  PQsetnonblocking(connection, 1);
  bear_busy_servers(connection);
  co_return process;
}

// The failure as a value: of two coroutines raced against each other, Asio waits for one that succeeds.
Task<std::exception_ptr> attempt(Opened& opened, const std::string& who, int hosts) {
  Socket socket(co_await asio::this_coro::executor);
  try {
    co_await poll_until_connected(opened.handle.get(), socket, who, hosts);
    opened.server_process = co_await set_session(opened.handle.get(), socket, who);
  } catch (const Failure&) {
    co_return std::current_exception();
  }
  co_return nullptr;
}

}  // namespace

Task<Opened> open_connection(const ConnectOptions& options) {
  const auto [hosts, must_verify] = check_connection_string(options.dsn, options.name);
  Opened opened{start(options, must_verify), ""};
  // A host that swallows packets costs tcp_user_timeout, then libpq goes on to the next one.
  const auto longest = options.connect_timeout * hosts;
  asio::steady_timer timer(co_await asio::this_coro::executor, longest);
  auto attempted = attempt(opened, options.name, hosts);
  auto late = timer.async_wait(asio::use_awaitable);
  auto raced = std::move(attempted) || std::move(late);
  std::variant<std::exception_ptr, std::monostate> first;
  try {
    first = co_await std::move(raced);
  } catch (const asio::multiple_exceptions&) {  // neither succeeded: this coroutine was cancelled
    throw boost::system::system_error(asio::error::operation_aborted);
  }
  if (first.index() == 1) {
    throw Error(ErrorKind::transient, "", "",
                options.name + ": no connection within " + std::to_string(longest.count()) + " ms");
  }
  if (const auto failed = std::get<0>(first)) std::rethrow_exception(failed);
  co_return opened;
}

}  // namespace penstock::pg
