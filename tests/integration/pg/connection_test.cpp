#include "pg/connection.hpp"

#include <sys/socket.h>

#include <cstdlib>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <boost/asio/experimental/awaitable_operators.hpp>

#include "support/coroutine.hpp"

namespace penstock::pg {
namespace {

using namespace std::chrono_literals;
using namespace asio::experimental::awaitable_operators;
using Clock = std::chrono::steady_clock;
using testing::HasSubstr;
using testing::Not;

Task<Connection> connect() {
  const char* dsn = std::getenv("PENSTOCK_TEST_A");
  if (dsn == nullptr) throw Failure(ErrorKind::usage, "PENSTOCK_TEST_A is not set: tests/run starts the servers");
  Connection connection = co_await Connection::connect({dsn, "A"});
  co_return connection;
}

// The failure that a coroutine ends with.
template <class Make>
std::optional<Failure> failure_of(Make make) {
  try {
    test::run_task(make);
  } catch (const Failure& failure) {
    return failure;
  }
  return std::nullopt;
}

TEST(Connection, AnswersQueriesWithParameters) {
  test::run_task([]() -> Task<void> {
    Connection a = co_await connect();
    Params params = Params::of("text", 7);
    params.add_null();
    const Result row = co_await a.query("select $1::text, $2::bigint + 1, $3::text, $2::int > 3", params);
    EXPECT_EQ(row.text(0, 0), "text");
    EXPECT_EQ(row.int64(0, 1), 8);
    EXPECT_TRUE(row.is_null(0, 2));
    EXPECT_TRUE(row.boolean(0, 3));
    co_await a.prepare("twice", "select $1::int * 2");
    const Result twice = co_await a.execute("twice", Params::of(21));
    EXPECT_EQ(twice.int64(0, 0), 42);
  });
}

TEST(Connection, RefusedIsTransientAndSaidAtOnce) {
  const auto begin = Clock::now();
  const auto failure = failure_of([]() -> Task<void> {
    co_await Connection::connect({"postgresql://u:secret@127.0.0.1:1/none", "B"});
  });
  ASSERT_TRUE(failure);
  EXPECT_EQ(failure->kind(), ErrorKind::transient);
  EXPECT_THAT(failure->what(), Not(HasSubstr("secret")));
  EXPECT_LT(Clock::now() - begin, 3s);
}

TEST(Connection, AnUnreadableConnectionStringIsNotRepeated) {
  const auto failure = failure_of([]() -> Task<void> {
    co_await Connection::connect({"postgresql://u:secret@host:port=/x?secret", "B"});
  });
  ASSERT_TRUE(failure);
  EXPECT_EQ(failure->kind(), ErrorKind::usage);
  EXPECT_THAT(failure->what(), Not(HasSubstr("secret")));
}

TEST(Connection, AServersErrorLeavesItUsable) {
  test::run_task([]() -> Task<void> {
    Connection a = co_await connect();
    std::string state;
    try {
      co_await a.query("select * from no_such_table");
    } catch (const Error& error) {
      state = error.sqlstate();
    }
    EXPECT_EQ(state, "42P01");
    EXPECT_FALSE(a.broken());
    const Result one = co_await a.query("select 1");
    EXPECT_EQ(one.int64(0, 0), 1);
  });
}

TEST(Connection, ErrorTextCarriesNamesButNoRowValues) {
  const auto cast = failure_of([]() -> Task<void> {
    Connection a = co_await connect();
    co_await a.query("select 'my secret'::int");
  });
  ASSERT_TRUE(cast);
  EXPECT_EQ(cast->kind(), ErrorKind::data);
  EXPECT_THAT(cast->what(), Not(HasSubstr("secret")));
  const auto check = failure_of([]() -> Task<void> {
    Connection a = co_await connect();
    co_await a.script("create temp table t (c text constraint short check (length(c) < 3))");
    co_await a.query("insert into t values ('my secret')");
  });
  ASSERT_TRUE(check);
  EXPECT_EQ(check->kind(), ErrorKind::constraint);
  EXPECT_THAT(check->what(), HasSubstr("short"));
  EXPECT_THAT(check->what(), Not(HasSubstr("secret")));
}

TEST(Connection, APipelineIsOneTransactionAndNamesTheStepThatFailed) {
  test::run_task([]() -> Task<void> {
    Connection a = co_await connect();
    co_await a.script("create temp table t (n int)");
    std::vector<Connection::Step> steps;
    steps.push_back({"insert into t values (1)", {}, false});
    steps.push_back({"insert into t values (1 / 0)", {}, false});
    steps.push_back({"insert into t values (3)", {}, false});
    std::string state;
    try {
      co_await a.pipeline(steps);
    } catch (const Error& error) {
      state = error.sqlstate();
    }
    EXPECT_EQ(state, "22012");
    EXPECT_EQ(a.failed_step(), 1u);
    steps.erase(steps.begin() + 1);
    const auto results = co_await a.pipeline(steps);
    EXPECT_EQ(results.size(), 2u);
    EXPECT_EQ(results[0].affected_rows(), 1);
    const Result count = co_await a.query("select count(*) from t");
    EXPECT_EQ(count.int64(0, 0), 2);
  });
}

TEST(Connection, AnExplicitTransactionStaysOpenBehindAFailedPipeline) {
  test::run_task([]() -> Task<void> {
    Connection a = co_await connect();
    std::vector<Connection::Step> steps;
    steps.push_back({"begin", {}, false});
    steps.push_back({"select 1 / 0", {}, false});
    steps.push_back({"commit", {}, false});
    bool failed = false;
    try {
      co_await a.pipeline(steps);
    } catch (const Error&) {
      failed = true;
    }
    EXPECT_TRUE(failed);
    EXPECT_TRUE(a.in_transaction());
    co_await a.script("rollback");
    EXPECT_FALSE(a.in_transaction());
  });
}

TEST(Connection, WaitsForANotificationAndNoticesAnEarlierOne) {
  test::run_task([]() -> Task<void> {
    Connection a = co_await connect();
    Connection other = co_await connect();
    co_await a.script("listen c");
    const auto begin = Clock::now();
    const bool nothing = co_await a.wait_notification(50ms);
    EXPECT_FALSE(nothing);
    EXPECT_GE(Clock::now() - begin, 50ms);
    co_await other.script("notify c");
    co_await a.query("select pg_sleep(0.1)");  // it arrives during this
    const auto before = Clock::now();
    const bool earlier = co_await a.wait_notification(5s);
    EXPECT_TRUE(earlier);
    EXPECT_LT(Clock::now() - before, 2s);
  });
}

TEST(Connection, AServerThatGoesAwayIsTransientAndBreaksIt) {
  test::run_task([]() -> Task<void> {
    Connection a = co_await connect();
    Connection other = co_await connect();
    const Result pid = co_await a.query("select pg_backend_pid()");
    co_await other.query("select pg_terminate_backend($1)", Params::of(pid.int64(0, 0)));
    std::optional<ErrorKind> kind;
    try {
      co_await a.wait_notification(5s);
    } catch (const Error& error) {
      kind = error.kind();
    }
    EXPECT_EQ(kind, ErrorKind::transient);
    EXPECT_TRUE(a.broken());
  });
}

TEST(Connection, MovesHundredMegabytesBothWays) {
  test::run_task([]() -> Task<void> {
    Connection a = co_await connect();
    const std::string big(100'000'000, 'x');
    Params params;
    params.add_ref(big.c_str());
    const Result echo = co_await a.query("select $1::text", params);
    EXPECT_EQ(echo.text(0, 0).size(), big.size());
  });
}

TEST(Connection, CancelledInTheMiddleItIsBroken) {
  test::run_task([]() -> Task<void> {
    Connection a = co_await connect();
    asio::steady_timer timer(co_await asio::this_coro::executor, 50ms);
    auto slow = a.query("select pg_sleep(10)");
    auto late = timer.async_wait(asio::use_awaitable);
    co_await (std::move(slow) || std::move(late));
    EXPECT_TRUE(a.broken());
  });
}

}  // namespace
}  // namespace penstock::pg
