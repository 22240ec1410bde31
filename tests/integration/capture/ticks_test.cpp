// What gathers while the open batch waits: the batches behind it end where the reader looked at A meanwhile.
#include <gmock/gmock.h>

#include "capture/journal.hpp"
#include "support/coroutine.hpp"
#include "support/line.hpp"

namespace penstock::test {
namespace {

using capture::Journal;
using testing::ElementsAre;

class TicksTest : public testing::Test {
 protected:
  TicksTest() {
    line_.on_both("create table t (id int primary key)");
    line_.configure("[[table]]\nsource = \"public.t\"\n");
    line_.migrate_and_copy();
  }

  Task<std::unique_ptr<Journal>> open_reader() {
    Journal::Options options;
    options.dsn = line_.admin_dsn_a();
    options.pipeline = "emp";
    std::unique_ptr<Journal> journal = co_await Journal::connect(options);
    const bool ours = co_await journal->try_become_reader();
    EXPECT_TRUE(ours);
    co_await journal->load_slot();
    co_return journal;
  }

  void insert(int id) { line_.a().run("insert into t values (" + std::to_string(id) + ")"); }

  // How many journal rows each of the next batches has, until there is nothing more.
  Task<std::vector<std::int64_t>> batches(Journal& journal) {
    std::vector<std::int64_t> counts;
    while (true) {
      const Journal::Found found = co_await journal.look(Journal::Look::awake);
      if (!found.first_rows) co_return counts;
      counts.push_back(found.first_rows->count);
    }
  }

  Line line_;
};

TEST_F(TicksTest, EachEndsABatch) {
  run_task([this]() -> Task<void> {
    const auto journal = co_await open_reader();
    insert(1);
    insert(2);
    co_await journal->tick();
    insert(3);
    co_await journal->tick();
    insert(4);
    insert(5);
    insert(6);
    const std::vector<std::int64_t> counts = co_await batches(*journal);
    EXPECT_THAT(counts, ElementsAre(2, 1, 3));
  });
}

TEST_F(TicksTest, WhatIsOpenAtATickIsInABatchBehindIt) {
  run_task([this]() -> Task<void> {
    const auto journal = co_await open_reader();
    Database open = line_.a();
    open.run("begin");
    open.run("insert into t values (1)");
    insert(2);
    co_await journal->tick();
    insert(3);
    open.run("commit");
    co_await journal->tick();
    const std::vector<std::int64_t> counts = co_await batches(*journal);
    EXPECT_THAT(counts, ElementsAre(1, 2));
  });
}

// A reader that went to sleep on the word of an old snapshot would leave what came later to the next wake-up.
TEST_F(TicksTest, NothingUpToOneIsNotNothing) {
  run_task([this]() -> Task<void> {
    const auto journal = co_await open_reader();
    co_await journal->tick();
    co_await journal->tick();
    insert(1);
    const Journal::Found found = co_await journal->look(Journal::Look::after_locking);
    EXPECT_TRUE(found.first_rows);
    EXPECT_FALSE(journal->has_ticks());
  });
}

TEST_F(TicksTest, ThereAreNeverTooMany) {
  run_task([this]() -> Task<void> {
    const auto journal = co_await open_reader();
    insert(1);
    for (int i = 0; i < 2'500; ++i) co_await journal->tick();
    insert(2);
    const std::vector<std::int64_t> counts = co_await batches(*journal);
    EXPECT_THAT(counts, ElementsAre(1, 1));
  });
}

}  // namespace
}  // namespace penstock::test
