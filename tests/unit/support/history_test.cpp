// The second witness of the tests at the end of the line: it must see what was told twice, and what was told wrongly.
#include "support/history.hpp"

#include <gtest/gtest.h>

namespace penstock::test {
namespace {

KafkaRecord record(const char* op, int batch, int cdc_id, int id, int salary) {
  const std::string key = "{\"emp_id\":" + std::to_string(id) + "}";
  const std::string after = "{\"emp_id\":" + std::to_string(id) + R"(,"dob":"2010-01-01","city":"C","salary":)" +
                            std::to_string(salary) + "}";
  KafkaRecord made;
  made.value = std::string(R"({"op":")") + op + R"(","source":{"penstock":{"epoch":1,"batch":)" +
               std::to_string(batch) + R"(,"cdc_id":)" + std::to_string(cdc_id) + R"(,"ordinal":0}},"before":)" +
               (salary == 0 ? key : "null") + R"(,"after":)" + (salary == 0 ? "null" : after) + "}";
  return made;
}

TEST(TopicHistory, TellsEachRowsChangesInTheOrderOfPositions) {
  const History told = history_of(
      {record("u", 1, 11, 7, 2), record("c", 1, 10, 7, 1), record("c", 1, 12, 8, 5), record("d", 2, 5, 7, 0)});
  const History expected{{"7", {"2010-01-01|1|C", "2010-01-01|2|C", ""}}, {"8", {"2010-01-01|5|C"}}};
  EXPECT_EQ(told, expected);
}

TEST(TopicHistory, CountsARecordThatWasSentAgainOnceAndLeavesOutTheInitialCopy) {
  const History told = history_of(
      {record("c", 1, 10, 7, 1), record("c", 1, 10, 7, 1), record("r", 1, 99, 9, 1), record("m", 2, 1, 9, 1)});
  const History expected{{"7", {"2010-01-01|1|C"}}};
  EXPECT_EQ(told, expected);
}

TEST(TopicHistory, RefusesTwoChangesAtOnePosition) {
  EXPECT_THROW(history_of({record("c", 1, 10, 7, 1), record("c", 1, 10, 7, 2)}), std::runtime_error);
}

}  // namespace
}  // namespace penstock::test
