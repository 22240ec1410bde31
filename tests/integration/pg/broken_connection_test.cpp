// How a connection ends, and that nothing of it stays behind.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <boost/asio/experimental/awaitable_operators.hpp>

#include "integration/pg/fake_server.hpp"
#include "integration/pg/servers.hpp"

namespace penstock::pg {
namespace {

using namespace std::chrono_literals;
using namespace asio::experimental::awaitable_operators;
using test::FakeServer;
using testing::HasSubstr;
using testing::Not;

Task<std::int64_t> backend(Connection& connection) {
  const Result pid = co_await connection.query("select pg_backend_pid()");
  co_return pid.int64(0, 0);
}

Task<void> terminate_soon(Connection& other, std::int64_t pid) {
  co_await sleep_for(50ms);
  co_await terminate(other, pid);
}

// Kills the backend of a connection in the middle of what `use` does with it.
template <class Use>
void expect_broken_and_transient(Use use) {
  test::run_task([use]() -> Task<void> {
    Connection a = co_await connect();
    Connection other = co_await connect();
    const std::int64_t pid = co_await backend(a);
    asio::co_spawn(co_await asio::this_coro::executor, terminate_soon(other, pid), asio::detached);
    std::optional<Error> ended;
    try {
      co_await use(a);
    } catch (const Error& error) {
      ended = error;
    }
    EXPECT_TRUE(ended);
    if (!ended) co_return;
    EXPECT_EQ(ended->kind(), ErrorKind::transient);
    EXPECT_EQ(ended->sqlstate(), "");
    EXPECT_TRUE(a.broken());
    bool refused = false;
    try {
      co_await a.query("select 1");
    } catch (const Error& error) {
      refused = error.transient();
    }
    EXPECT_TRUE(refused);
  });
}

TEST(BrokenConnection, AServerThatGoesAwayInAQueryIsTransient) {
  expect_broken_and_transient([](Connection& a) -> Task<void> { co_await a.query("select pg_sleep(10)"); });
}

TEST(BrokenConnection, AServerThatGoesAwayInAPipelineIsTransient) {
  expect_broken_and_transient([](Connection& a) -> Task<void> {
    std::vector<Connection::Step> steps;
    steps.push_back({"begin", {}, false});
    steps.push_back({"select pg_sleep(10)", {}, false});
    steps.push_back({"commit", {}, false});
    co_await a.pipeline(steps);
  });
}

TEST(BrokenConnection, AServerThatGoesAwayWhileWeWaitIsTransient) {
  expect_broken_and_transient([](Connection& a) -> Task<void> { co_await a.wait_notification(10s); });
}

// libpq closes its descriptor when the server goes; the next connection gets its number while the old one still stands.
TEST(BrokenConnection, CanBeReplacedByAssignment) {
  test::run_task([]() -> Task<void> {
    Connection a = co_await connect();
    Connection other = co_await connect();
    for (int i = 0; i < 3; ++i) {
      const std::int64_t pid = co_await backend(a);
      co_await terminate(other, pid);
      bool lost = false;
      try {
        co_await a.query("select 1");
      } catch (const Error&) {
        lost = true;
      }
      EXPECT_TRUE(lost);
      a = co_await connect();
      auto asked = a.query("select pg_sleep(0.05)");
      asio::steady_timer timer(co_await asio::this_coro::executor, 3s);
      auto late = timer.async_wait(asio::use_awaitable);
      const auto first = co_await (std::move(asked) || std::move(late));
      EXPECT_EQ(first.index(), 0u) << "the new connection hears nothing";
    }
  });
}

TEST(BrokenConnection, AnErrorCutShortCarriesNoRowValues) {
  const auto error = error_of([]() -> Task<void> {
    FakeServer server(co_await asio::this_coro::executor, FakeServer::Then::close);
    server.answer(FakeServer::let_in()).answer(FakeServer::done());
    server.answer(FakeServer::error("ERROR", "23505", "duplicate key", "Key (name)=(my secret) already exists."));
    Connection b = co_await Connection::connect({server.dsn(), "B"});
    co_await b.query("insert");
  });
  ASSERT_TRUE(error);
  EXPECT_EQ(error->sqlstate(), "");
  EXPECT_THAT(error->what(), Not(HasSubstr("secret")));
}

template <class Use>
void expect_broken_by_cancellation(Use use) {
  test::run_task([use]() -> Task<void> {
    Connection a = co_await connect();
    asio::steady_timer timer(co_await asio::this_coro::executor, 50ms);
    auto slow = use(a);
    auto late = timer.async_wait(asio::use_awaitable);
    const auto first = co_await (std::move(slow) || std::move(late));
    EXPECT_EQ(first.index(), 1u);
    EXPECT_TRUE(a.broken());
  });
}

TEST(BrokenConnection, ByATimeoutInTheMiddleOfAQuery) {
  expect_broken_by_cancellation([](Connection& a) -> Task<void> { co_await a.query("select pg_sleep(10)"); });
}

TEST(BrokenConnection, ByATimeoutInTheMiddleOfAWait) {
  expect_broken_by_cancellation([](Connection& a) -> Task<void> { co_await a.wait_notification(10s); });
}

TEST(BrokenConnection, ByATimeoutInTheMiddleOfSending) {
  expect_broken_by_cancellation([](Connection& a) -> Task<void> {
    const std::string big(50'000'000, 'x');
    Params params;
    params.add_ref(big.c_str());
    std::vector<Connection::Step> steps;
    steps.push_back({"select pg_sleep(10)", {}, false});
    steps.push_back({"select length($1)", std::move(params), false});
    co_await a.pipeline(steps);
  });
}

TEST(BrokenConnection, ACoroutineDestroyedInTheMiddleLeavesItDestroyable) {
  test::run_task([]() -> Task<void> {
    Connection a = co_await connect();
    {
      asio::io_context io;
      asio::co_spawn(
          io,
          []() -> Task<void> {
            Connection inner = co_await connect();
            co_await inner.query("select pg_sleep(10)");
          },
          asio::detached);
      io.run_for(200ms);
    }
    const Result one = co_await a.query("select 1");
    EXPECT_EQ(one.int64(0, 0), 1);
  });
}

}  // namespace
}  // namespace penstock::pg
