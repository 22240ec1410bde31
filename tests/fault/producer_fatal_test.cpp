// The idempotent producer dies (librdkafka's fatal error), the program does not.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/line.hpp"
#include "support/writers.hpp"

namespace penstock::test {
namespace {

using namespace std::chrono_literals;

class ProducerFatalTest : public testing::TestWithParam<const char*> {};

TEST_P(ProducerFatalTest, IsSurvivedByMakingANewProducerAndSendingTheBatchAgain) {
  Line line;
  line.create_employees();
  line.migrate_and_copy();
  Process first = line.start(GetParam(), {{"PENSTOCK_FAIL_POINT", "kafka.producer_fatal:20"}});
  Process other = line.start(std::string(GetParam()) == "capture" ? "apply" : "capture");
  const WriterReport written =
      write_employees(line.dsn_a(), {.connections = 3, .duration = 4s, .bad_share = 0.2, .pause = 2ms});
  EXPECT_EQ(written.failed, 0) << written.first_error;
  line.expect_equal();
  EXPECT_EQ(line.book("captured"), written.changes);
  EXPECT_EQ(line.book("unaccounted"), 0);
  EXPECT_TRUE(first.running());
  EXPECT_THAT(line.log(), testing::HasSubstr("trying again until it works"));
}

INSTANTIATE_TEST_SUITE_P(Roles, ProducerFatalTest, testing::Values("capture", "apply"),
                         [](const auto& role) { return role.param; });

}  // namespace
}  // namespace penstock::test
