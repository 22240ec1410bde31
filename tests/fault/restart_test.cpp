// PostgreSQL A, PostgreSQL B and Kafka stopped hard under load, on servers of the test's own.
#include <array>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <random>
#include <thread>

#include <gtest/gtest.h>

#include "support/history.hpp"
#include "support/line.hpp"
#include "support/writers.hpp"

namespace penstock::test {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

// The output of compose/stack, without its newline.
std::string stack(const std::string& arguments) {
  const char* program = std::getenv("PENSTOCK_TEST_STACK");
  if (program == nullptr) throw std::runtime_error("PENSTOCK_TEST_STACK is not set: use tests/run");
  const std::unique_ptr<FILE, int (*)(FILE*)> pipe(::popen((std::string(program) + " " + arguments).c_str(), "r"),
                                                   ::pclose);
  std::string out;
  std::array<char, 256> buffer{};
  while (std::fgets(buffer.data(), buffer.size(), pipe.get()) != nullptr) out += buffer.data();
  while (!out.empty() && out.back() == '\n') out.pop_back();
  return out;
}

// The one server that a test stops, its own and gone with it; the other two are everybody's.
class OwnServer {
 public:
  // `which` is a, b or kafka.
  explicit OwnServer(const std::string& which) : kind_(which == "kafka" ? "kafka" : "pg") {
    directory_ = std::filesystem::temp_directory_path() / ("penstock-own-" + std::to_string(std::random_device{}()));
    std::filesystem::create_directories(directory_);
    std::filesystem::permissions(directory_, std::filesystem::perms(0755));  // PostgreSQL runs as another user
    (which == "a" ? servers.a : which == "b" ? servers.b : servers.kafka) = start();
  }
  ~OwnServer() {
    kill();
    std::filesystem::remove_all(directory_);
  }
  std::string start() const { return command("start"); }
  void kill() const { command("kill"); }  // SIGKILL to every process of it
  void stop_immediately() const { command("stop", " immediate"); }

  Servers servers = Servers::shared();

 private:
  std::string command(const std::string& action, const std::string& how = "") const {
    return stack(kind_ + " " + action + " " + (directory_ / "server").string() + how);
  }

  const std::string kind_;
  std::filesystem::path directory_;
};

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
