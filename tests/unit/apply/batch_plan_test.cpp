#include "apply/batch_plan.hpp"

#include <gtest/gtest.h>

#include "apply/table/column_scan.hpp"

namespace penstock::apply {
namespace {

std::vector<Record> records(const std::vector<std::tuple<Op, std::size_t, std::int64_t>>& made) {
  std::vector<Record> all;
  for (const auto& [op, table, cdc_id] : made) {
    Record& r = all.emplace_back();
    r.op = op;
    r.table = table;
    r.position = {Epoch{1}, BatchNo{1}, cdc_id, 0};
  }
  return all;
}

std::string shape(const std::vector<PlanStep>& plan) {
  std::string out;
  for (const auto& step : plan) {
    out += step.truncate ? "t" : "";
    for (const std::size_t table : step.tables) out += std::to_string(table);
    if (!step.truncate) out += ":" + std::to_string(step.changes.size());
    if (!step.late.empty()) out += "+" + std::to_string(step.late.size());
    out += " ";
  }
  return out;
}

TEST(PlanPiece, GroupsTablesInTheOrderOfTheirFirstChange) {
  Truncated truncated;
  const auto some = records({{Op::update, 1, 1}, {Op::update, 0, 2}, {Op::remove, 1, 3}});
  EXPECT_EQ(shape(plan_piece(some, truncated)), "1:2 0:1 ");
}

TEST(PlanPiece, MakesTruncateABarrierThatIsExecutedOnce) {
  Truncated truncated;
  const auto some = records(
      {{Op::update, 0, 1}, {Op::truncate, 0, 2}, {Op::truncate, 0, 2}, {Op::truncate, 1, 3}, {Op::update, 0, 4}});
  EXPECT_EQ(shape(plan_piece(some, truncated)), "0:1 t01 0:1 ");
  const auto late = records({{Op::update, 0, 1}, {Op::truncate, 0, 2}, {Op::update, 0, 5}});
  EXPECT_EQ(shape(plan_piece(late, truncated)), "0:1+1 ");
}

TEST(PlanPiece, JoinsTruncatesThatAreOnlyPartedByRowsOfOtherTables) {
  Truncated truncated;
  const auto joined = records({{Op::truncate, 0, 1}, {Op::update, 2, 2}, {Op::truncate, 1, 3}, {Op::update, 1, 4}});
  EXPECT_EQ(shape(plan_piece(joined, truncated)), "t01 2:1 1:1 ");
  truncated.clear();
  const auto parted = records({{Op::truncate, 0, 1}, {Op::update, 1, 2}, {Op::truncate, 1, 3}, {Op::truncate, 0, 4}});
  EXPECT_EQ(shape(plan_piece(parted, truncated)), "t0 1:1 t10 ");
}

TEST(PlanPiece, SkipsControlRecords) {
  Truncated truncated;
  EXPECT_EQ(shape(plan_piece(records({{Op::mark, 0, 0}}), truncated)), "");
}

TEST(ColumnScan, TellsImagesApartByTheMembersTheyName) {
  ColumnScan scan;
  EXPECT_EQ(scan.shape_of(R"({"id":1,"name":"x,\"y\":{"})"), 0U);
  EXPECT_EQ(scan.shape_of(R"({"id":2,"name":"y"})"), 0U);
  EXPECT_EQ(scan.shape_of(R"({"id":2,"name":"y","a \"b\"":[1,{"zz":2}]})"), 1U);
  EXPECT_EQ(scan.shape_of(R"({"id":2})"), 2U);
  EXPECT_EQ(scan.shape_of(R"({"id":3,"name":null})"), 0U);
  EXPECT_EQ(scan.shapes(), 3U);
  EXPECT_EQ(scan.members(1), (std::vector<std::string>{R"("id")", R"("name")", R"("a \"b\"")"}));
}

}  // namespace
}  // namespace penstock::apply
