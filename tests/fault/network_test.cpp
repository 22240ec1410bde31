// What networks do, between the program and each of the three servers, while writers write: fault/README.md, "The
// network".
#include <csignal>
#include <future>
#include <iostream>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/fault_proxy.hpp"
#include "support/history.hpp"
#include "support/line.hpp"
#include "support/own_server.hpp"
#include "support/tally.hpp"
#include "support/writers.hpp"

namespace penstock::test {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;
using testing::AnyOf;
using testing::HasSubstr;

// A broker tells its clients where to connect, so it must name the proxy, and be the test's own.
std::unique_ptr<OwnServer> own_kafka(const std::string& which, const FaultProxy& proxy) {
  if (which != "kafka") return nullptr;
  return std::make_unique<OwnServer>("kafka", "advertised.listeners=PLAINTEXT://" + proxy.address());
}

// A line of which one connection runs through the proxy: the program's alone, the writers go straight to A.
class ProxiedLine {
 public:
  explicit ProxiedLine(const std::string& which) : kafka_(own_kafka(which, proxy)), line(through_proxy(which)) {
    line.create_employees();
    add_tally(line);
  }

  FaultProxy proxy;

 private:
  std::unique_ptr<OwnServer> kafka_;

  Servers through_proxy(const std::string& which) {
    Servers servers = kafka_ ? kafka_->servers : Servers::shared();
    proxy.forward_to(which == "a" ? host_of(servers.a) : which == "b" ? host_of(servers.b) : servers.kafka);
    (which == "a" ? servers.proxy_a : which == "b" ? servers.proxy_b : servers.proxy_kafka) = proxy.address();
    return servers;
  }

 public:
  Line line;
};

class NetworkFaults : public testing::TestWithParam<std::string> {
 protected:
  // A change made now is on B within the seconds given.
  void expect_current(const std::string& after, double seconds) {
    const auto begin = Clock::now();
    const std::string id = std::to_string(++marker_);
    line().a().run("insert into employee_a values (" + id + ", 'After', 'Fault', date '2010-01-01', 'C', 20000)");
    EXPECT_TRUE(line().b().becomes("select count(*) from employee_b where emp_id = " + id, "1", seconds))
        << "not current within " << seconds << " s after " << after;
    std::cout << GetParam() << ": current " << std::chrono::duration<double>(Clock::now() - begin).count()
              << " s after " << after << "\n";
  }
  Line& line() { return proxied_.line; }
  FaultProxy& proxy() { return proxied_.proxy; }

  ProxiedLine proxied_{GetParam()};
  int marker_ = 900'000;
};

TEST_P(NetworkFaults, CostNothingButTheWait) {
  line().migrate_and_copy();
  keep_history(line().a());
  Process replicator = line().start();
  auto load = std::async(std::launch::async, [&] {
    return write_employees(line().dsn_a(), {.connections = 3, .duration = 25s, .bad_share = 0.05, .pause = 40ms});
  });
  expect_current("the start", 10);

  proxy().refuse();
  std::this_thread::sleep_for(1500ms);
  proxy().pass();
  expect_current("connections were refused", 5);

  for (int i = 0; i < 5; ++i) {
    proxy().reset();
    std::this_thread::sleep_for(150ms);
  }
  expect_current("resets", 5);

  proxy().cut_after(30'011);
  std::this_thread::sleep_for(1500ms);
  proxy().pass();
  expect_current("every connection was cut after 30 kB", 5);

  proxy().slow(500'000, 5ms);
  expect_current("it became slow, and is still", 10);
  proxy().pass();
  expect_current("it became fast again", 5);

  // Longer than every time-out of TCP's that we set.
  proxy().stall();
  std::this_thread::sleep_for(12s);
  proxy().pass();
  expect_current("a stall of 12 s, with what was written meanwhile", 10);

  // What is open is dead and does not say so.
  proxy().forget();
  expect_current("open connections fell silent for ever", 25);

  const WriterReport written = load.get();
  EXPECT_EQ(written.failed, 0) << written.first_error;
  EXPECT_LT(written.longest_ms, 5'000) << "a writer waited";
  EXPECT_TRUE(replicator.running());
  line().expect_equal();
  expect_equal_tallies(line());
  EXPECT_EQ(line().book("captured"), changes_of(line().a()));
  EXPECT_EQ(line().book("unaccounted"), 0);
  EXPECT_TRUE(history_of(Broker(line().servers().kafka).read(line().topic("employee_a"))) == history_of(line().a()))
      << "the topic does not tell what happened on A";
}

// Not the replicator, which waits: commands, for whose end somebody waits.
TEST(StalledNetwork, EndsCommandsWithExit3) {
  ProxiedLine proxied("a");
  Line& line = proxied.line;
  line.migrate_and_copy();
  const auto in_background = [&](std::vector<std::string> command) {
    return std::async(std::launch::async, [&line, command] { return line.run(command, 40s); });
  };
  // In the middle of a command: so slow that it cannot have ended, then nothing.
  proxied.proxy.slow(4'000, 10ms);
  auto begun = in_background({"verify"});
  std::this_thread::sleep_for(1'500ms);
  proxied.proxy.stall();
  std::vector<std::future<Finished>> others;
  for (const char* command : {"status", "migrate", "verify"}) others.push_back(in_background({command}));
  others.push_back(std::move(begun));
  for (auto& command : others) {
    const Finished done = command.get();
    EXPECT_EQ(done.code, 3) << done.out << done.err;
    EXPECT_THAT(done.err, AnyOf(HasSubstr("A: no connection within"), HasSubstr("A: no answer for")));
  }
  proxied.proxy.pass();
  EXPECT_EQ(line.run({"status"}).code, 0);
}

// Its successor has opened batches that are not in the slot as it read it.
TEST(StalledNetwork, AReaderThatLostItsSessionWhileItAskedKafkaTakesItsSuccessorForNoOtherA) {
  ProxiedLine proxied("kafka");
  Line& line = proxied.line;
  line.migrate_and_copy();
  proxied.proxy.stall();
  Process first = line.start("capture");
  ASSERT_TRUE(
      line.admin_a().becomes("select count(*) from pg_locks as l join pg_database as d on d.oid = l.database and "
                             "d.datname = current_database() "
                             "where locktype = 'advisory' and granted",
                             "1", 10));
  std::this_thread::sleep_for(1s);
  proxied.proxy.forget();
  line.admin_a().run(
      "select pg_terminate_backend(pid) from pg_stat_activity where usename = 'penstock' and datname = "
      "current_database()");
  const Process second = line.start();
  for (int id = 1; id <= 3; ++id) {
    line.a().run("insert into employee_a values (" + std::to_string(id) +
                 ", 'After', 'Stall', date '2010-01-01', 'C', 20000)");
    EXPECT_TRUE(line.b().becomes("select count(*) from employee_b", std::to_string(id), 10));
  }
  EXPECT_EQ(first.wait(20s), std::nullopt) << line.log();
  line.expect_equal();
}

INSTANTIATE_TEST_SUITE_P(Servers, NetworkFaults, testing::Values("a", "b", "kafka"),
                         [](const auto& server) { return server.param; });

}  // namespace
}  // namespace penstock::test
