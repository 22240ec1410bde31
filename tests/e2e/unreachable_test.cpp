// Servers that are away or refuse, seen from the command line: exit 3, the side by its name, and no secret in any word.
#include <csignal>
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/line.hpp"

namespace penstock::test {
namespace {

using namespace std::chrono_literals;
using testing::AnyOf;
using testing::HasSubstr;
using testing::Not;

// A port that nobody listens on.
constexpr const char* kNobody = "127.0.0.1:1";

std::string with(std::string text, const std::string& from, const std::string& to) {
  const auto at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return text.replace(at, from.size(), to);
}

class Unreachable : public testing::Test {
 protected:
  void SetUp() override {
    line_.create_employees();
    line_.migrate_and_copy();
    good_ = read_file(line_.toml());
  }
  void rewrite(const std::string& from, const std::string& to) { std::ofstream(line_.toml()) << with(good_, from, to); }
  void expect_exit_3(const std::vector<std::string>& command, const std::string& side) {
    const Finished done = line_.run(command, 30s);
    EXPECT_EQ(done.code, 3) << command[0] << "\n" << done.err;
    EXPECT_THAT(done.err, HasSubstr(side)) << command[0];
    EXPECT_THAT(done.err, Not(HasSubstr("postgresql://"))) << command[0];
  }

  Line line_;
  std::string good_;
};

TEST_F(Unreachable, WithoutAEveryCommandThatNeedsItExitsWith3) {
  rewrite(host_of(line_.servers().a), kNobody);
  for (const auto& command : {std::vector<std::string>{"migrate"}, {"status"}, {"verify"}, {"migrate", "uninstall"}})
    expect_exit_3(command, "A");
  expect_exit_3({"run", "--once", "--timeout", "2"}, "A");
}

TEST_F(Unreachable, WithoutBEveryCommandThatNeedsItExitsWith3) {
  rewrite(host_of(line_.servers().b), kNobody);
  for (const auto& command :
       {std::vector<std::string>{"migrate"}, {"status"}, {"verify"}, {"dlq", "list"}, {"migrate", "uninstall"}})
    expect_exit_3(command, "B");
  expect_exit_3({"run", "--once", "--timeout", "2"}, "B");
}

TEST_F(Unreachable, WithoutKafkaStatusAndVerifyStillAnswer) {
  rewrite(line_.servers().kafka, kNobody);
  EXPECT_EQ(line_.run({"status"}).code, 0);
  EXPECT_EQ(line_.run({"verify"}).code, 0);
  EXPECT_EQ(line_.run({"dlq", "list"}).code, 0);
}

TEST_F(Unreachable, RunWaitsForServersThatAreNotUpYet) {
  rewrite(host_of(line_.servers().b), kNobody);
  Process waiting = line_.start();
  EXPECT_EQ(waiting.wait(2s), std::nullopt) << "run ended instead of waiting";
  waiting.send(SIGTERM);
  EXPECT_EQ(waiting.wait(10s), 0);
}

TEST_F(Unreachable, ABrokenConnectionStringIsNeverRepeated) {
  const std::string host = host_of(line_.servers().a);
  for (const std::string& wrong : {host + "9999999", std::string("[::1"), host + "?nonsense=1&password=s3cret-too"}) {
    rewrite(host, wrong);
    const Finished done = line_.run({"migrate"}, 30s);
    EXPECT_THAT(done.code, AnyOf(2, 3)) << done.err;
    EXPECT_THAT(done.err, Not(HasSubstr("s3cret"))) << wrong;
  }
}

TEST_F(Unreachable, ADatabaseThatRefusesIsNamed) {
  rewrite("_b\"", "_nowhere\"");
  expect_exit_3({"status"}, "B");
}

}  // namespace
}  // namespace penstock::test
