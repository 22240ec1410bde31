#include <cstdlib>

#include <gtest/gtest.h>

#include "capture/change_cursor.hpp"
#include "pg/connection.hpp"
#include "support/coroutine.hpp"

namespace penstock::capture {
namespace {

// The journal rows that `values` lists, as a statement would return them.
pg::Result journal_rows(const std::string& values) {
  pg::Result rows;
  test::run_task([&]() -> Task<void> {
    const char* dsn = std::getenv("PENSTOCK_TEST_A");
    pg::Connection a = co_await pg::Connection::connect({dsn == nullptr ? "" : dsn, "A"});
    rows = co_await a.query("select * from (values " + values + ") as journal");
  });
  return rows;
}

std::vector<Change> all_changes(ChangeCursor cursor) {
  std::vector<Change> changes;
  Change change;
  while (cursor.next(change)) changes.push_back(change);
  return changes;
}

TEST(ChangeCursor, GivesEachChangeOfARowItsOrdinal) {
  const auto rows = journal_rows(R"((7, 100, 1700, 'public.t', 'update', 2, null, e'{"a":1}\x1e{"a":"x\\ny"}'))");
  const auto changes = all_changes(ChangeCursor(rows, 0));
  ASSERT_EQ(changes.size(), 2u);
  EXPECT_EQ(changes[0].op, Op::update);
  EXPECT_EQ(changes[0].cdc_id, 7);
  EXPECT_EQ(changes[0].ordinal, 0);
  EXPECT_EQ(changes[0].image, R"({"a":1})");
  EXPECT_EQ(changes[1].ordinal, 1);
  EXPECT_EQ(changes[1].image, "{\"a\":\"x\\ny\"}");
  EXPECT_EQ(changes[1].txid, 100);
  EXPECT_EQ(changes[1].ts_ms, 1700);
  EXPECT_EQ(changes[1].relation, "public.t");
}

TEST(ChangeCursor, ReadsKeysOfDeletesAndNothingOfTruncates) {
  const auto rows = journal_rows(R"((1, 5, 6, 'public.t', 'delete', 1, '{"a":1}', null::text),)"
                                 R"((2, 5, 6, 'public.t', 'truncate', 1, null, null),)"
                                 R"((3, 5, 6, 'public.t', 'oversize', 1, '{"a":2}', null))");
  const auto changes = all_changes(ChangeCursor(rows, 0));
  ASSERT_EQ(changes.size(), 3u);
  EXPECT_EQ(changes[0].op, Op::remove);
  EXPECT_EQ(changes[0].image, R"({"a":1})");
  EXPECT_EQ(changes[1].op, Op::truncate);
  EXPECT_TRUE(changes[1].image.empty());
  EXPECT_TRUE(changes[2].oversize);
  EXPECT_EQ(changes[2].image, R"({"a":2})");
}

TEST(ChangeCursor, PassesOverABatchWithoutJournalRows) {
  const auto rows = journal_rows("(null::bigint, null::bigint, null::bigint, null, null, null::int, null, null)");
  EXPECT_TRUE(all_changes(ChangeCursor(rows, 0)).empty());
}

TEST(ChangeCursor, ARowWithFewerChangesThanItSaysIsABugOfOurs) {
  const auto rows = journal_rows(R"((7, 100, 1700, 'public.t', 'update', 3, null::text, e'{"a":1}\x1e{"a":2}'))");
  EXPECT_THROW(all_changes(ChangeCursor(rows, 0)), Failure);
}

TEST(SliceCursor, PutsRowsBehindTheJournalsOfTheirBatch) {
  SliceCursor cursor("public.t", 3, 1700, "{\"a\":1}\x1e{\"a\":2}");
  Change change;
  ASSERT_TRUE(cursor.next(change));
  ASSERT_TRUE(cursor.next(change));
  EXPECT_EQ(change.op, Op::read);
  EXPECT_EQ(change.cdc_id, kSliceCdcId + 3);
  EXPECT_EQ(change.ordinal, 1);
  EXPECT_EQ(change.image, "{\"a\":2}");
  EXPECT_FALSE(cursor.next(change));
}

}  // namespace
}  // namespace penstock::capture
