#include <gtest/gtest.h>

#include "base/stop.hpp"

namespace penstock {
namespace {

using namespace std::chrono_literals;

TEST(StopToken, WakesASleeperWhenStopIsRequested) {
  asio::io_context io;
  StopToken stop(io.get_executor());
  const auto begin = std::chrono::steady_clock::now();
  asio::co_spawn(
      io, [&]() -> Task<void> { co_await stop.sleep_for(30s); }, asio::detached);
  asio::steady_timer later(io, 20ms);
  later.async_wait([&](auto) { stop.request(); });
  io.run();
  EXPECT_LT(std::chrono::steady_clock::now() - begin, 5s);
  EXPECT_TRUE(stop.requested());
}

TEST(StopToken, InterruptsWhoeverWaitsForSomethingElseWhileTheirGuardsLive) {
  asio::io_context io;
  StopToken stop(io.get_executor());
  int first = 0, second = 0;
  const auto stays = stop.on_request([&] { ++first; });
  {
    const auto gone = stop.on_request([&] { ++second; });
  }
  stop.request();
  EXPECT_EQ(first, 1);
  EXPECT_EQ(second, 0);
}

TEST(StopToken, SleepsTheWholeTimeWhenNobodyAsksToStop) {
  asio::io_context io;
  StopToken stop(io.get_executor());
  const auto begin = std::chrono::steady_clock::now();
  asio::co_spawn(
      io, [&]() -> Task<void> { co_await stop.sleep_for(50ms); }, asio::detached);
  io.run();
  EXPECT_GE(std::chrono::steady_clock::now() - begin, 50ms);
  EXPECT_FALSE(stop.requested());
}

}  // namespace
}  // namespace penstock
