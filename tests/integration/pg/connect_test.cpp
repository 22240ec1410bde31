// Getting a connection, and how it fails.
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "integration/pg/fake_server.hpp"
#include "integration/pg/servers.hpp"

namespace penstock::pg {
namespace {

using namespace std::chrono_literals;
using test::FakeServer;
using testing::HasSubstr;
using testing::Not;
using Clock = std::chrono::steady_clock;

Task<std::string> setting(Connection& connection, const std::string& name) {
  const Result row = co_await connection.query("select current_setting($1)", Params::of(name));
  co_return std::string(row.text(0, 0));
}

TEST(Connect, RunsReadCommittedWhateverTheDefaultIs) {
  test::run_task([]() -> Task<void> {
    const std::string dsn =
        dsn_of_a_with("options=-cdefault_transaction_isolation%3Dserializable%20-cwork_mem%3D1234kB");
    Connection a = co_await Connection::connect({dsn, "A"});
    const std::string isolation = co_await setting(a, "transaction_isolation");
    EXPECT_EQ(isolation, "read committed");
    const std::string work_mem = co_await setting(a, "work_mem");
    EXPECT_EQ(work_mem, "1234kB");
    const std::string encoding = co_await setting(a, "client_encoding");
    EXPECT_EQ(encoding, "UTF8");
  });
}

TEST(Connect, LeavesWhatTheConnectionStringSays) {
  test::run_task([]() -> Task<void> {
    Connection a = co_await connect();
    const std::string ours = co_await setting(a, "application_name");
    EXPECT_EQ(ours, "penstock A");
    const std::string dsn = dsn_of_a_with("application_name=theirs");
    Connection named = co_await Connection::connect({dsn, "A"});
    const std::string theirs = co_await setting(named, "application_name");
    EXPECT_EQ(theirs, "theirs");
  });
}

TEST(Connect, LooksForNamesInPostgresAloneUnlessTheConnectionStringSaysWhere) {
  test::run_task([]() -> Task<void> {
    Connection a = co_await connect();
    const std::string ours = co_await setting(a, "search_path");
    EXPECT_EQ(ours, "pg_catalog, pg_temp");
    Connection named = co_await Connection::connect({dsn_of_a_with("options=-csearch_path%3Dpublic"), "A"});
    const std::string theirs = co_await setting(named, "search_path");
    EXPECT_EQ(theirs, "public");
  });
}

int tcp_option(const Connection& connection, int option) {
  int value = 0;
  socklen_t size = sizeof value;
  EXPECT_EQ(::getsockopt(connection.socket(), IPPROTO_TCP, option, &value, &size), 0);
  return value;
}

TEST(Connect, NoticesADeadPeerSoonUnlessToldOtherwise) {
  test::run_task([]() -> Task<void> {
    FakeServer server(co_await asio::this_coro::executor, FakeServer::Then::silence);
    server.answer(FakeServer::let_in()).answer(FakeServer::done());
    Connection b = co_await Connection::connect({server.dsn() + "&keepalives_count=7", "B"});
    EXPECT_EQ(tcp_option(b, TCP_KEEPIDLE), 5);
    EXPECT_EQ(tcp_option(b, TCP_KEEPINTVL), 2);
    EXPECT_EQ(tcp_option(b, TCP_USER_TIMEOUT), 0) << "a busy server would be taken for a dead one";
    EXPECT_EQ(tcp_option(b, TCP_KEEPCNT), 7);
  });
}

TEST(Connect, RefusedIsTransientAndSaidAtOnce) {
  const auto begin = Clock::now();
  const auto failure = failure_of([]() -> Task<void> {
    co_await Connection::connect({"postgresql://u:secret@127.0.0.1:1/none", "B"});
  });
  ASSERT_TRUE(failure);
  EXPECT_EQ(failure->kind(), ErrorKind::transient);
  EXPECT_THAT(failure->what(), Not(HasSubstr("secret")));
  EXPECT_LT(Clock::now() - begin, 3s);
}

TEST(Connect, AnUnreadableConnectionStringIsNotRepeated) {
  const auto failure = failure_of([]() -> Task<void> {
    co_await Connection::connect({"postgresql://u:secret@host:port=/x?secret", "B"});
  });
  ASSERT_TRUE(failure);
  EXPECT_EQ(failure->kind(), ErrorKind::usage);
  EXPECT_THAT(failure->what(), Not(HasSubstr("secret")));
}

TEST(Connect, AnOptionThatLibpqDoesNotKnowIsUsage) {
  const auto failure = failure_of([]() -> Task<void> {
    co_await Connection::connect({"postgresql://u:secret@h/db?sslmode=maybe", "B"});
  });
  ASSERT_TRUE(failure);
  EXPECT_EQ(failure->kind(), ErrorKind::usage);
  EXPECT_THAT(failure->what(), HasSubstr("sslmode"));
  EXPECT_THAT(failure->what(), Not(HasSubstr("secret")));
}

TEST(Connect, AWrongPasswordIsSetUpAndNotShown) {
  const auto error = error_of([]() -> Task<void> {
    FakeServer server(co_await asio::this_coro::executor, FakeServer::Then::close);
    server.answer(FakeServer::ask_for_password());
    server.answer(FakeServer::error("FATAL", "28P01", "password authentication failed for user \"u\"", ""));
    co_await Connection::connect({server.dsn(), "B"});
  });
  ASSERT_TRUE(error);
  EXPECT_EQ(error->kind(), ErrorKind::setup);
  EXPECT_EQ(error->sqlstate(), "28P01");
  EXPECT_THAT(error->what(), HasSubstr("password authentication failed for user \"u\""));
  EXPECT_THAT(error->what(), Not(HasSubstr("secret")));
}

TEST(Connect, ADatabaseThatIsMissingIsSetUp) {
  const auto error = error_of([]() -> Task<void> {
    const std::string dsn = dsn_of_a_with("dbname=no_such_database");
    co_await Connection::connect({dsn, "A"});
  });
  ASSERT_TRUE(error);
  EXPECT_EQ(error->kind(), ErrorKind::setup);
  EXPECT_EQ(error->sqlstate(), "3D000");
}

TEST(Connect, AServerThatIsStartingUpIsTransient) {
  const auto error = error_of([]() -> Task<void> {
    FakeServer server(co_await asio::this_coro::executor, FakeServer::Then::close);
    server.answer(FakeServer::error("FATAL", "57P03", "the database system is starting up", ""));
    co_await Connection::connect({server.dsn(), "B"});
  });
  ASSERT_TRUE(error);
  EXPECT_EQ(error->kind(), ErrorKind::transient);
}

void expect_given_up_in_time(bool lets_in) {
  const auto begin = Clock::now();
  const auto error = error_of([lets_in]() -> Task<void> {
    FakeServer server(co_await asio::this_coro::executor, FakeServer::Then::silence);
    if (lets_in) server.answer(FakeServer::let_in());
    ConnectOptions options(server.dsn(), "B");
    options.connect_timeout = 200ms;
    co_await Connection::connect(options);
  });
  ASSERT_TRUE(error);
  EXPECT_EQ(error->kind(), ErrorKind::transient);
  EXPECT_THAT(error->what(), HasSubstr("no connection within 200 ms"));
  EXPECT_GE(Clock::now() - begin, 200ms);
  EXPECT_LT(Clock::now() - begin, 3s);
}

TEST(Connect, AServerThatNeverAnswersIsGivenUpInTime) { expect_given_up_in_time(false); }

TEST(Connect, AServerThatLetsUsInAndFallsSilentIsGivenUpInTime) { expect_given_up_in_time(true); }

// A listener whose backlog is full drops what arrives, as a host that is gone does.
class BlackHole {
 public:
  explicit BlackHole(const asio::any_io_executor& executor) : acceptor_(executor) {
    const asio::ip::tcp::endpoint here(asio::ip::address_v4::loopback(), 0);
    acceptor_.open(here.protocol());
    acceptor_.bind(here);
    acceptor_.listen(0);
    for (int i = 0; i < 4; ++i) {
      callers_.emplace_back(executor).async_connect(acceptor_.local_endpoint(), asio::detached);
    }
  }
  std::string port() const { return std::to_string(acceptor_.local_endpoint().port()); }

 private:
  asio::ip::tcp::acceptor acceptor_;
  std::deque<asio::ip::tcp::socket> callers_;
};

TEST(Connect, AHostThatSwallowsPacketsGivesWayToTheNext) {
  const auto error = error_of([]() -> Task<void> {
    const auto executor = co_await asio::this_coro::executor;
    BlackHole gone(executor);
    co_await sleep_for(100ms);
    FakeServer next(executor, FakeServer::Then::close);
    next.answer(FakeServer::error("FATAL", "57P03", "reached the second host", ""));
    const std::string dsn = "host=127.0.0.1,127.0.0.1 port=" + gone.port() + "," + next.port() +
                            " sslmode=disable gssencmode=disable tcp_user_timeout=1000";
    ConnectOptions options(dsn, "A");
    options.connect_timeout = 3s;
    co_await Connection::connect(options);
  });
  ASSERT_TRUE(error);
  EXPECT_THAT(error->what(), HasSubstr("reached the second host"));
}

TEST(Connect, CancelledItThrowsTheCancellation) {
  test::run_task([]() -> Task<void> {
    const auto executor = co_await asio::this_coro::executor;
    FakeServer silent(executor, FakeServer::Then::silence);
    asio::cancellation_signal cancel;
    std::exception_ptr ended;
    const auto attempt = [](std::string dsn) -> Task<void> { co_await Connection::connect({std::move(dsn), "B"}); };
    asio::co_spawn(executor, attempt(silent.dsn()),
                   asio::bind_cancellation_slot(cancel.slot(), [&](std::exception_ptr error) { ended = error; }));
    co_await sleep_for(50ms);
    cancel.emit(asio::cancellation_type::terminal);
    co_await sleep_for(50ms);
    if (!ended) throw std::runtime_error("the attempt goes on");
    EXPECT_THROW(std::rethrow_exception(ended), boost::system::system_error);
  });
}

}  // namespace
}  // namespace penstock::pg
