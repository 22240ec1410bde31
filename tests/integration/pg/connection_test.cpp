// What a connection does once it stands.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <boost/asio/experimental/awaitable_operators.hpp>

#include "integration/pg/fake_server.hpp"
#include "integration/pg/servers.hpp"

namespace penstock::pg {
namespace {

using namespace std::chrono_literals;
using namespace asio::experimental::awaitable_operators;
using Clock = std::chrono::steady_clock;
using test::FakeServer;
using testing::HasSubstr;
using testing::Not;

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

TEST(Connection, WakesWhenANotificationComesDuringTheWait) {
  test::run_task([]() -> Task<void> {
    Connection a = co_await connect();
    Connection other = co_await connect();
    co_await a.script("listen c");
    const auto notify_later = [](Connection& from) -> Task<void> {
      co_await sleep_for(50ms);
      co_await from.script("notify c");
    };
    const auto begin = Clock::now();
    auto waiting = a.wait_notification(5s);
    auto notifying = notify_later(other);
    const bool notified = co_await (std::move(waiting) && std::move(notifying));
    EXPECT_TRUE(notified);
    EXPECT_LT(Clock::now() - begin, 2s);
    const bool again = co_await a.wait_notification(0ms);
    EXPECT_FALSE(again);
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

// The server answers the first steps while the last are still being sent: whoever only writes stops both.
TEST(Connection, APipelineWithBigStepsAndBigAnswersDoesNotDeadLock) {
  test::run_task([]() -> Task<void> {
    Connection a = co_await connect();
    const std::string big(1'000'000, 'x');
    std::vector<Connection::Step> steps;
    for (int i = 0; i < 60; ++i) {
      Params params;
      params.add_ref(big.c_str());
      steps.push_back({"select $1::text", std::move(params), false});
    }
    const auto results = co_await a.pipeline(steps);
    EXPECT_EQ(results.size(), 60u);
    for (const Result& result : results) EXPECT_EQ(result.text(0, 0).size(), big.size());
  });
}

TEST(Connection, CopyIsRefusedInsteadOfHanging) {
  for (const char* sql : {"copy (select 1) to stdout", "copy pg_temp.t from stdin"}) {
    const auto failure = failure_of([sql]() -> Task<void> {
      Connection a = co_await connect();
      co_await a.script("create temp table t (n int)");
      co_await a.script(sql);
    });
    ASSERT_TRUE(failure);
    EXPECT_EQ(failure->kind(), ErrorKind::bug);
  }
}

TEST(Connection, WordsOfAUsersTriggerAreNotRepeatedUnderAnyState) {
  const auto error = error_of([]() -> Task<void> {
    Connection a = co_await connect();
    co_await a.script(
        "create temp table t (c text);"
        "create function pg_temp.guard() returns trigger language plpgsql as "
        "$$ begin raise exception 'not %', new.c using errcode = '42501'; end $$;"
        "create trigger guard before insert on t for each row execute function pg_temp.guard()");
    co_await a.query("insert into t values ('my secret')");
  });
  ASSERT_TRUE(error);
  EXPECT_EQ(error->sqlstate(), "42501");
  EXPECT_THAT(error->what(), Not(HasSubstr("secret")));
}

// More than the sockets hold waits to be sent, and TCP's own idea of a dead peer is one that takes nothing.
TEST(Connection, ABusyServerMayTakeItsTimeWithMoreToCome) {
  test::run_task([]() -> Task<void> {
    Connection a = co_await connect();
    const std::string large(30U << 20, 'x');
    std::vector<Connection::Step> steps(2);
    steps[0] = {"select pg_sleep(14)", {}, false};
    steps[1] = {"select length($1)", Params::of(large), false};
    const std::vector<Result> results = co_await a.pipeline(steps);
    EXPECT_EQ(results[1].int64(0, 0), 30 << 20);
  });
}

}  // namespace
}  // namespace penstock::pg
