#pragma once
// Internal to pg/: owners of libpq's handles, and waiting on its socket.
#include <libpq-fe.h>

#include <memory>

#include "base/task.hpp"
#include "pg/result.hpp"

namespace penstock::pg {

struct FinishConnection {
  void operator()(PGconn* connection) const { PQfinish(connection); }
};
using ConnectionHandle = std::unique_ptr<PGconn, FinishConnection>;
using ResultHandle = std::unique_ptr<PGresult, ClearResult>;

struct FreeMemory {
  void operator()(void* memory) const { PQfreemem(memory); }
};

// libpq's socket as Asio waits on it: a duplicate that Asio owns and closes. libpq closes its own descriptor the moment
// the server is gone, and the number then goes to whoever opens something next: a broken connection that still stood in
// epoll under that number took its successor out of epoll when it was destroyed, and the successor waited for ever.
class Socket {
 public:
  explicit Socket(const asio::any_io_executor& executor) : stream_(executor), timer_(executor) {}

  // Throws Error(transient) when no descriptor is left.
  void attach(int descriptor);

  // These throw what a cancelled coroutine throws (operation_aborted), nothing else; what is wrong with the socket
  // libpq finds out when it reads.
  Task<void> readable();
  Task<void> writable();
  // False: the timeout came first. While we send, the server may already answer: unread answers would dead-lock both.
  Task<bool> readable_or_writable_within(std::chrono::milliseconds timeout);
  Task<bool> readable_within(std::chrono::milliseconds timeout);
  // Whoever waits in it hears that the timeout came.
  void end_wait();

 private:
  asio::posix::stream_descriptor stream_;
  asio::steady_timer timer_;
  bool wait_ended_ = false;
};

}  // namespace penstock::pg
