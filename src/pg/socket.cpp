#include "pg/socket.hpp"

#include <boost/asio/experimental/awaitable_operators.hpp>

namespace penstock::pg {

using namespace asio::experimental::awaitable_operators;

Task<void> Socket::readable_or_writable() {
  auto read = readable();
  auto write = writable();
  co_await (std::move(read) || std::move(write));
}

Task<bool> Socket::readable_within(std::chrono::milliseconds timeout) {
  asio::steady_timer timer(co_await asio::this_coro::executor, timeout);
  auto read = readable();
  auto late = timer.async_wait(asio::use_awaitable);
  const auto first = co_await (std::move(read) || std::move(late));
  co_return first.index() == 0;
}

}  // namespace penstock::pg
