#pragma once
#include <chrono>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/task.hpp"
#include "pg/error.hpp"
#include "pg/params.hpp"
#include "pg/result.hpp"

namespace penstock::pg {

// How to reach a database. A connection always runs with client_encoding UTF8 and READ COMMITTED; unless the connection
// string says otherwise, with keepalives short enough that a dead peer is noticed within some 10 s. Where a statement
// brings no answer for 5 s, or the server takes nothing of it, a second connection asks what became of it: a server at
// work is waited for, whatever it takes.
struct ConnectOptions {
  // Not an aggregate: GCC 12 destroys an aggregate that is built in a call's argument list before a co_await twice.
  ConnectOptions(std::string connection_string, std::string who)
      : dsn(std::move(connection_string)), name(std::move(who)) {}

  std::string dsn;                                    // URI or keyword string; secret
  std::string name;                                   // for messages ("A", "B") and application_name ("penstock A")
  std::chrono::milliseconds connect_timeout{10'000};  // for each host that the connection string names
};

// One connection to PostgreSQL on the coroutine's io_context. One coroutine at a time may use it.
// Every function throws pg::Error; after one with sqlstate "" (or after cancellation of the coroutine in the middle
// of a call) the connection is broken() and only good for destruction. Tasks are lazy: statements and parameters are
// borrowed until the Task was awaited. COPY is not for these calls.
class Connection {
 public:
  static Task<Connection> connect(ConnectOptions options);
  Connection(Connection&&) noexcept;
  Connection& operator=(Connection&&) noexcept;
  ~Connection();

  // One statement with parameters ($1, …), one round trip.
  Task<Result> query(std::string_view sql, const Params& params = Params::none());
  // A script of any number of statements without parameters, in one implicit transaction unless it has its own.
  Task<void> script(std::string_view sql);
  // Prepared statements: planned once a connection, called by name.
  Task<void> prepare(std::string_view name, std::string_view sql);
  Task<Result> execute(std::string_view name, const Params& params = Params::none());

  // Several statements in ONE round trip (libpq pipeline mode, one sync at the end, so without explicit begin/commit
  // they are one transaction). Results in the order of the steps. When a step fails the ones behind it are not run:
  // throws that step's Error once the connection is usable again; failed_step() then tells which one it was. An
  // explicit transaction that a step opened is still open (aborted) then: roll it back.
  struct Step {
    std::string_view statement;  // name of a prepared statement, or SQL when !prepared
    Params params;
    bool prepared = true;
  };
  Task<std::vector<Result>> pipeline(std::span<const Step> steps);
  std::size_t failed_step() const;

  // Waits until a notification arrived on a channel this session LISTENs to, or the timeout: true = notified. One that
  // arrived during an earlier statement returns at once. Clears all that are pending.
  Task<bool> wait_notification(std::chrono::milliseconds timeout);
  // Ends it as the timeout would; does nothing where nobody waits in it.
  void end_wait_notification();

  // Quoted by libpq for this connection's encoding.
  std::string quote_identifier(std::string_view name) const;

  bool broken() const;
  bool in_transaction() const;  // also in an aborted one
  int server_version() const;   // 150018
  int socket() const;

 private:
  struct Impl;
  explicit Connection(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace penstock::pg
