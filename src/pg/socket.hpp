#pragma once
// Internal to pg/: owners of libpq's handles and the one loop that waits on its socket.
#include <libpq-fe.h>

#include <memory>
#include <optional>

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

// libpq's socket as Asio waits on it. libpq owns the descriptor, so it is released, never closed, here.
class Socket {
 public:
  explicit Socket(asio::any_io_executor executor) : stream_(std::move(executor)) {}
  ~Socket() { detach(); }

  // libpq may open another socket between two polls of a connection attempt.
  void attach(int descriptor) {
    if (stream_.is_open() && stream_.native_handle() == descriptor) return;
    detach();
    stream_.assign(descriptor);
  }
  void detach() {
    if (stream_.is_open()) stream_.release();
  }

  Task<void> readable() { co_await stream_.async_wait(asio::posix::stream_descriptor::wait_read, asio::use_awaitable); }
  Task<void> writable() {
    co_await stream_.async_wait(asio::posix::stream_descriptor::wait_write, asio::use_awaitable);
  }
  // Whichever comes first. While we send, the server may already answer: unread answers would dead-lock both.
  Task<void> readable_or_writable();
  // False: the timeout came first.
  Task<bool> readable_within(std::chrono::milliseconds timeout);

 private:
  asio::posix::stream_descriptor stream_;
};

}  // namespace penstock::pg
