#include "base/stop.hpp"

#include <boost/asio/experimental/awaitable_operators.hpp>

namespace penstock {

void StopToken::request() {
  requested_ = true;
  timer_.cancel();
  for (const auto& interrupt : interrupts_) interrupt();
}

Task<void> StopToken::sleep_for(std::chrono::milliseconds duration) {
  using namespace asio::experimental::awaitable_operators;
  if (requested_) co_return;
  asio::steady_timer pause(co_await asio::this_coro::executor, duration);
  auto quiet = asio::as_tuple(asio::use_awaitable);
  auto slept = pause.async_wait(quiet);
  auto stopped = timer_.async_wait(quiet);
  co_await (std::move(slept) || std::move(stopped));
}

}  // namespace penstock
