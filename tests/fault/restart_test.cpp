// PostgreSQL A, PostgreSQL B and Kafka stopped hard under load, on servers of the test's own.
#include <iostream>
#include <thread>

#include <gtest/gtest.h>

#include "support/history.hpp"
#include "support/line.hpp"
#include "support/own_server.hpp"
#include "support/writers.hpp"

namespace penstock::test {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

class RestartTest : public testing::TestWithParam<std::string> {};

TEST_P(RestartTest, CostsNothingButTheWait) {
  const std::string server = GetParam();
  const OwnServer own(server);
  Line line(own.servers);
  line.create_employees();
  line.migrate_and_copy();
  // What A kept is what counts: whether a commit that A's death cut short took place, its writer cannot know.
  keep_history(line.a());
  Process replicator = line.start();
  for (int round = 0; round < 2; ++round) {
    std::thread load([&] {
      // A's writers lose their connections with it; the others must not notice.
      const WriterReport written = write_employees(line.dsn_a(), {.connections = 3,
                                                                  .duration = 2s,
                                                                  .bad_share = 0.05,
                                                                  .seed = static_cast<unsigned>(round + 1),
                                                                  .pause = 2ms});
      EXPECT_TRUE(server == "a" || written.failed == 0) << written.first_error;
    });
    std::this_thread::sleep_for(1s);
    // One way the first time, the other way the second: an immediate stop, a kill -9 of every process.
    if (round == 1 || server == "kafka") {
      own.kill();
    } else {
      own.stop_immediately();
    }
    load.join();
    std::this_thread::sleep_for(1s);
    own.start();
    const auto back = Clock::now();
    line.a().run("insert into employee_a values (" + std::to_string(900'000 + round) +
                 ", 'After', 'Restart', date '2010-01-01', 'C', 20000)");
    EXPECT_TRUE(
        line.b().becomes("select count(*) from employee_b where emp_id = " + std::to_string(900'000 + round), "1", 5))
        << "not current within 5 s of the return of " << server;
    std::cout << server << ": current " << std::chrono::duration<double>(Clock::now() - back).count()
              << " s after its return\n";
    EXPECT_TRUE(replicator.running()) << "the replicator exited";
  }
  line.expect_equal();
  EXPECT_EQ(line.book("unaccounted"), 0);
  EXPECT_EQ(line.book("captured"), changes_of(line.a()));
  EXPECT_EQ(line.book("captured"), line.book("applied") + line.book("rejected"));
  EXPECT_TRUE(history_of(Broker(own.servers.kafka).read(line.topic("employee_a"))) == history_of(line.a()))
      << "the topic does not tell what happened on A";
}

INSTANTIATE_TEST_SUITE_P(Servers, RestartTest, testing::Values("a", "b", "kafka"),
                         [](const auto& server) { return server.param; });

}  // namespace
}  // namespace penstock::test
