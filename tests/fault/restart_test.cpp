// PostgreSQL A, PostgreSQL B and Kafka stopped hard under load, on servers of the test's own.
#include <array>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <random>
#include <thread>

#include <gtest/gtest.h>

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

// Servers of one test, gone with it.
class OwnServers {
 public:
  OwnServers() {
    directory_ = std::filesystem::temp_directory_path() / ("penstock-own-" + std::to_string(std::random_device{}()));
    std::filesystem::create_directories(directory_);
    std::filesystem::permissions(directory_, std::filesystem::perms(0755));  // PostgreSQL runs as another user
    servers.a = stack("pg start " + path("a") + " 0 track_commit_timestamp=on");
    servers.b = stack("pg start " + path("b"));
    servers.kafka = stack("kafka start " + path("kafka"));
  }
  ~OwnServers() {
    stack("pg kill " + path("a") + " 2>/dev/null");
    stack("pg kill " + path("b") + " 2>/dev/null");
    stack("kafka kill " + path("kafka") + " 2>/dev/null");
    std::filesystem::remove_all(directory_);
  }
  std::string path(const std::string& server) const { return (directory_ / server).string(); }

  Servers servers;

 private:
  std::filesystem::path directory_;
};

class RestartTest : public testing::TestWithParam<std::string> {};

TEST_P(RestartTest, CostsNothingButTheWait) {
  const std::string server = GetParam();
  OwnServers own;
  Line line(own.servers);
  line.create_employees();
  line.migrate_and_copy();
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
    const std::string kind = server == "kafka" ? "kafka" : "pg";
    // One way the first time, the other way the second: an immediate stop, a kill -9 of every process.
    const bool kill = round == 1 || server == "kafka";
    stack(kind + (kill ? " kill " : " stop ") + own.path(server) + (kill ? "" : " immediate"));
    load.join();
    std::this_thread::sleep_for(1s);
    stack(kind + " start " + own.path(server));
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
  EXPECT_EQ(line.book("captured"), line.book("applied") + line.book("rejected"));
}

INSTANTIATE_TEST_SUITE_P(Servers, RestartTest, testing::Values("a", "b", "kafka"),
                         [](const auto& server) { return server.param; });

}  // namespace
}  // namespace penstock::test
