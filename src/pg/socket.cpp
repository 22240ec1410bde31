#include "pg/socket.hpp"

#include <fcntl.h>

#include <cerrno>
#include <cstring>

#include <boost/asio/experimental/parallel_group.hpp>

#include "pg/error.hpp"

namespace penstock::pg {
namespace {

using Stream = asio::posix::stream_descriptor;

// Two operations as one, without a coroutine for each: whichever ends first cancels the other.
template <class First, class Second>
auto first_of(First first, Second second) {
  return asio::experimental::make_parallel_group(std::move(first), std::move(second))
      .async_wait(asio::experimental::wait_for_one(), asio::use_awaitable);
}

// Both ended without having happened: the coroutine itself was cancelled.
void throw_if_cancelled(const boost::system::error_code& first, const boost::system::error_code& second) {
  if (first == asio::error::operation_aborted && second == asio::error::operation_aborted) {
    throw boost::system::system_error(first);
  }
}

}  // namespace

void Socket::attach(int descriptor) {
  boost::system::error_code ignored;
  stream_.close(ignored);
  const int copy = ::fcntl(descriptor, F_DUPFD_CLOEXEC, 0);
  if (copy < 0) {
    throw Error(ErrorKind::transient, "", "", std::string("no descriptor for a connection: ") + std::strerror(errno));
  }
  boost::system::error_code refused;
  stream_.assign(copy, refused);
  if (refused) {
    ::close(copy);
    throw Error(ErrorKind::transient, "", "", "cannot wait for a connection: " + refused.message());
  }
}

Task<void> Socket::readable() { co_await stream_.async_wait(Stream::wait_read, asio::use_awaitable); }

Task<void> Socket::writable() { co_await stream_.async_wait(Stream::wait_write, asio::use_awaitable); }

Task<void> Socket::readable_or_writable() {
  auto either = first_of(stream_.async_wait(Stream::wait_read, asio::deferred),
                         stream_.async_wait(Stream::wait_write, asio::deferred));
  const auto [order, read, write] = co_await std::move(either);
  throw_if_cancelled(read, write);
}

Task<bool> Socket::readable_within(std::chrono::milliseconds timeout) {
  timer_.expires_after(timeout);
  auto either = first_of(stream_.async_wait(Stream::wait_read, asio::deferred), timer_.async_wait(asio::deferred));
  const auto [order, read, late] = co_await std::move(either);
  throw_if_cancelled(read, late);
  co_return order[0] == 0;
}

}  // namespace penstock::pg
