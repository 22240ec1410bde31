#include "apply/key/key_assembler.hpp"

#include <functional>

#include <gtest/gtest.h>

#include "base/error.hpp"

namespace penstock::apply {
namespace {

using namespace std::chrono_literals;
using Ids = std::vector<std::int64_t>;

std::vector<TableSpec> one_table(std::int32_t partitions) {
  TableSpec table;
  table.relation = "public.t";
  table.topic = "t";
  table.partitions = partitions;
  return {table};
}

// Both partitions stand at offset 100, behind batch 4.
class KeyAssemblerTest : public testing::Test {
 protected:
  KeyAssemblerTest() {
    assembler_.remember({{{Epoch{1}, BatchNo{4}}, nonce(4)}});
    PartitionState state;
    state.next_offset = 100;
    state.highest = {Epoch{1}, BatchNo{4}, 9, 0};
    state.nonce = nonce(4);
    state.count = 2;
    for (std::size_t p = 0; p < 2; ++p) assembler_.begin(p, state, false);
  }
  static Nonce nonce(std::int64_t batch) { return Nonce{1'000 + batch}; }

  Record record(std::int64_t batch, std::size_t partition, std::int64_t cdc_id, Op op = Op::update) {
    Record r;
    r.partition = partition;
    r.offset = next_offset_[partition]++;
    r.bytes = 100;
    r.op = op;
    r.position = {Epoch{1}, BatchNo{batch}, cdc_id, 0};
    r.nonce = nonce(batch);
    r.previous = nonce(batch - 1);
    return r;
  }
  static Record ending(Record r, std::int64_t count) {
    r.end = std::make_unique<EndMark>();
    r.end->count = count;
    return r;
  }
  static Ids ids(const Unit& unit) {
    Ids all;
    for (const auto& r : unit.piece.records) all.push_back(r.position.cdc_id);
    return all;
  }
  Ids take() {
    const Unit unit = assembler_.take(now_);
    assembler_.committed(unit);
    return ids(unit);
  }
  static void expect_safety(const std::function<void()>& action) {
    try {
      action();
      ADD_FAILURE() << "went on";
    } catch (const Failure& failure) {
      EXPECT_EQ(failure.kind(), ErrorKind::safety) << failure.what();
    }
  }

  std::vector<TableSpec> tables_ = one_table(2);
  Partitions partitions_{tables_};
  KeyAssembler assembler_{partitions_, {}};
  KeyAssembler::Clock::time_point now_ = KeyAssembler::Clock::now();
  std::int64_t next_offset_[2] = {100, 100};
};

TEST_F(KeyAssemblerTest, TakesWhatIsThereOfAllPartitionsInPositionOrder) {
  assembler_.add(record(5, 1, 10));
  assembler_.add(record(5, 0, 11));
  assembler_.add(record(5, 1, 12));
  const Unit unit = assembler_.take(now_);
  EXPECT_EQ(ids(unit), (Ids{10, 11, 12}));
  ASSERT_EQ(unit.moves.size(), 2u);
  EXPECT_EQ(unit.moves[1].from.next_offset, 100);
  EXPECT_EQ(unit.moves[1].to.next_offset, 102);
  EXPECT_EQ(unit.moves[1].to.count, 2);
  EXPECT_FALSE(unit.moves[1].to.ended);
  EXPECT_FALSE(assembler_.ready(now_));
}

TEST_F(KeyAssemblerTest, PassesOverWhatWasSentTwiceAndMovesOn) {
  assembler_.add(record(5, 0, 10));
  assembler_.add(record(5, 0, 10));
  assembler_.add(record(4, 0, 9));
  assembler_.add(ending(record(5, 0, 11), 2));
  const Unit unit = assembler_.take(now_);
  EXPECT_EQ(ids(unit), (Ids{10, 11}));
  EXPECT_EQ(unit.duplicates.size(), 2u);
  EXPECT_EQ(unit.moves[0].to.next_offset, 104);
  EXPECT_EQ(unit.moves[0].to.taken, 2);
}

TEST_F(KeyAssemblerTest, StopsWhereAnOffsetIsMissing) {
  record(5, 0, 10);
  expect_safety([&] { assembler_.add(record(5, 0, 11)); });
}

TEST_F(KeyAssemblerTest, StopsWhereTheEndMarkCountsMore) {
  expect_safety([&] { assembler_.add(ending(record(5, 0, 11), 2)); });
}

TEST_F(KeyAssemblerTest, StopsWhereABatchBeginsBeforeTheLastOneEnded) {
  assembler_.add(record(5, 0, 10));
  expect_safety([&] { assembler_.add(record(6, 0, 11)); });
}

TEST_F(KeyAssemblerTest, StopsForAnotherLifeOfA) {
  expect_safety([&] {
    Record r = record(4, 0, 12);
    r.nonce = Nonce{7};
    assembler_.add(std::move(r));
  });
  expect_safety([&] {
    Record r = record(5, 1, 12);
    r.previous = Nonce{7};
    assembler_.add(std::move(r));
  });
  expect_safety([&] { assembler_.remember({{{Epoch{1}, BatchNo{4}}, Nonce{7}}}); });
}

TEST_F(KeyAssemblerTest, StopsForABatchOlderThanAllItRemembers) {
  expect_safety([&] { assembler_.add(record(2, 0, 3)); });
}

TEST_F(KeyAssemblerTest, StopsWhereTheRecordBeforeTheOffsetIsAnotherOne) {
  PartitionState state;
  state.next_offset = 101;
  state.highest = {Epoch{1}, BatchNo{4}, 9, 0};
  state.last_record = "1/4/9/0/1004";
  assembler_.begin(0, state, true);
  assembler_.add(record(4, 0, 9));
  EXPECT_FALSE(assembler_.ready(now_)) << "it was on B already";
  next_offset_[0] = 100;
  assembler_.begin(0, state, true);
  expect_safety([&] { assembler_.add(record(4, 0, 8)); });
}

TEST_F(KeyAssemblerTest, ATruncateStandsAlone) {
  assembler_.add(record(5, 0, 10));
  assembler_.add(record(5, 0, 11, Op::truncate));
  assembler_.add(record(5, 0, 12));
  EXPECT_EQ(take(), (Ids{10}));
  EXPECT_EQ(take(), (Ids{11}));
  EXPECT_EQ(take(), (Ids{12}));
}

TEST_F(KeyAssemblerTest, WhatIsPutBackComesAgainAsItWas) {
  assembler_.add(record(5, 0, 10));
  assembler_.add(record(5, 1, 11));
  assembler_.add(record(5, 0, 12));
  Unit unit = assembler_.take(now_);
  assembler_.put_back(std::move(unit), {}, now_);
  EXPECT_EQ(take(), (Ids{10, 11, 12}));
}

TEST_F(KeyAssemblerTest, RefusedRowsWaitWithoutHoldingUpOthers) {
  assembler_.add(record(5, 0, 10));
  assembler_.add(record(5, 1, 11));
  assembler_.add(record(5, 0, 12));
  assembler_.add(record(5, 0, 13));
  assembler_.put_back(assembler_.take(now_), {{0, 101}}, now_);  // 12 is refused
  std::vector<Ids> taken;
  while (assembler_.ready(now_)) {
    Unit unit = assembler_.take(now_);
    const Ids all = ids(unit);
    taken.push_back(all);
    const bool refused = std::find(all.begin(), all.end(), 12) != all.end();
    if (refused) {
      assembler_.put_back(std::move(unit), {{0, 101}}, now_);
    } else {
      assembler_.committed(unit);
    }
  }
  // Partition 0 comes alone; what stands before the refused row goes; then that row waits.
  EXPECT_NE(std::find(taken.begin(), taken.end(), Ids{11}), taken.end());
  EXPECT_NE(std::find(taken.begin(), taken.end(), Ids{10}), taken.end());
  EXPECT_TRUE(assembler_.holds_up());
  now_ += 10s;
  ASSERT_TRUE(assembler_.ready(now_));
  EXPECT_EQ(take(), (Ids{12}));
  EXPECT_FALSE(assembler_.holds_up());
  EXPECT_EQ(take(), (Ids{13}));
}

TEST_F(KeyAssemblerTest, KnowsTheNewestBatchOfAPartitionThatLagsFarBehind) {
  for (std::int64_t batch = 5; batch < 9'000; ++batch) {
    assembler_.add(ending(record(batch, 0, batch), 1));
    take();
  }
  assembler_.add(record(5, 1, 10));
  assembler_.add(record(5, 1, 10));  // sent again
  EXPECT_EQ(take(), (Ids{10}));
  Record another = record(5, 1, 11);
  another.nonce = nonce(4'711);
  expect_safety([&] { assembler_.add(std::move(another)); });
}

TEST_F(KeyAssemblerTest, PassesOverWhatIsFetchedAgain) {
  assembler_.add(record(5, 0, 10));
  --next_offset_[0];
  assembler_.add(record(5, 0, 10));
  EXPECT_EQ(take(), (Ids{10}));
}

}  // namespace
}  // namespace penstock::apply
