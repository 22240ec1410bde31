#include "pg/socket.hpp"

#include <fcntl.h>

#include <cerrno>
#include <cstring>

#include <boost/asio/experimental/parallel_group.hpp>

#include "pg/error.hpp"

namespace penstock::pg {
namespace {

using Stream = asio::posix::stream_descriptor;

// Several operations as one, without a coroutine for each: whichever ends first cancels the others.
template <class... Operations>
auto first_of(Operations... operations) {
  return asio::experimental::make_parallel_group(std::move(operations)...)
      .async_wait(asio::experimental::wait_for_one(), asio::use_awaitable);
}

// All ended without having happened: the coroutine itself was cancelled.
template <class... Outcomes>
void throw_if_cancelled(const Outcomes&... outcomes) {
  if (((outcomes == asio::error::operation_aborted) && ...)) {
    throw boost::system::system_error(asio::error::operation_aborted);
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

Task<bool> Socket::readable_or_writable_within(std::chrono::milliseconds timeout) {
  timer_.expires_after(timeout);
  auto any = first_of(stream_.async_wait(Stream::wait_read, asio::deferred),
                      stream_.async_wait(Stream::wait_write, asio::deferred), timer_.async_wait(asio::deferred));
  const auto [order, read, write, late] = co_await std::move(any);
  throw_if_cancelled(read, write, late);
  constexpr std::size_t kTimer = 2;
  co_return order[0] != kTimer;
}

Task<bool> Socket::readable_within(std::chrono::milliseconds timeout) {
  timer_.expires_after(timeout);
  wait_ended_ = false;
  auto either = first_of(stream_.async_wait(Stream::wait_read, asio::deferred), timer_.async_wait(asio::deferred));
  const auto [order, read, late] = co_await std::move(either);
  if (!wait_ended_) throw_if_cancelled(read, late);
  co_return order[0] == 0;
}

void Socket::end_wait() {
  wait_ended_ = true;
  timer_.cancel();
}

}  // namespace penstock::pg
