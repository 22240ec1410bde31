#include "apply/batch/batch_assembler.hpp"

#include <gtest/gtest.h>

#include "base/error.hpp"

namespace penstock::apply {
namespace {

std::vector<TableSpec> one_table(std::int32_t partitions) {
  TableSpec table;
  table.relation = "public.t";
  table.topic = "t";
  table.partitions = partitions;
  return {table};
}

class BatchAssemblerTest : public testing::Test {
 protected:
  explicit BatchAssemblerTest() {
    from_.last = BatchId{Epoch{1}, BatchNo{4}, nonce(4)};
    from_.recent[{Epoch{1}, BatchNo{4}}] = nonce(4);
    for (std::int32_t p = 0; p < 2; ++p) from_.positions.push_back({{"t", p}, 100, {Epoch{1}, BatchNo{4}, 9, 0}});
  }
  static Nonce nonce(std::int64_t batch) { return Nonce{1'000 + batch}; }

  Record record(std::int64_t batch, std::size_t partition, std::int64_t cdc_id) {
    Record r;
    r.partition = partition;
    r.offset = next_offset_[partition]++;
    r.bytes = 100;
    r.op = Op::update;
    r.position = {Epoch{1}, BatchNo{batch}, cdc_id, 0};
    r.nonce = nonce(batch);
    r.previous = nonce(batch - 1);
    return r;
  }
  Record ending(Record r, std::vector<std::int64_t> counts) {
    EndMark end;
    for (std::size_t p = 0; p < counts.size(); ++p) {
      if (counts[p] > 0) end.parts.push_back({"t", static_cast<std::int32_t>(p), counts[p]});
      end.total += counts[p];
    }
    end.count = counts[r.partition];
    r.end = std::make_unique<EndMark>(end);
    return r;
  }
  static std::vector<std::int64_t> ids(const Piece& piece) {
    std::vector<std::int64_t> all;
    for (const auto& r : piece.records) all.push_back(r.position.cdc_id);
    return all;
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
  Offsets from_;
  std::int64_t next_offset_[3] = {100, 100, 100};
};

using Ids = std::vector<std::int64_t>;

TEST_F(BatchAssemblerTest, CompletesABatchWhenEveryPartitionHasItsCountAndSortsItByPosition) {
  BatchAssembler assembler(partitions_, from_);
  assembler.add(record(5, 1, 2));
  assembler.add(ending(record(5, 1, 4), {2, 2}));
  EXPECT_FALSE(assembler.piece_ready());
  assembler.add(record(5, 0, 1));
  assembler.add(ending(record(5, 0, 3), {2, 2}));
  ASSERT_TRUE(assembler.piece_ready());
  const Piece piece = assembler.take_piece();
  EXPECT_TRUE(piece.last);
  EXPECT_EQ(ids(piece), (Ids{1, 2, 3, 4}));
  EXPECT_EQ(assembler.positions()[0].next_offset, 102);
  EXPECT_EQ(assembler.positions()[1].highest.cdc_id, 4);
}

TEST_F(BatchAssemblerTest, SkipsWhatIsNotAboveTheHighestPositionOfItsPartition) {
  BatchAssembler assembler(partitions_, from_);
  assembler.add(record(4, 0, 9));  // of a batch that B has
  assembler.add(record(5, 0, 1));
  assembler.add(record(5, 0, 2));
  assembler.add(record(5, 0, 1));
  assembler.add(record(5, 0, 2));
  assembler.add(ending(record(5, 0, 3), {3, 0}));
  EXPECT_EQ(ids(assembler.take_piece()), (Ids{1, 2, 3}));
  EXPECT_EQ(assembler.positions()[0].next_offset, 106);
}

TEST_F(BatchAssemblerTest, KeepsLaterBatchesAsideAndGoesOnWithThemAfterTheCommit) {
  BatchAssembler assembler(partitions_, from_);
  assembler.add(ending(record(5, 1, 2), {1, 1}));
  assembler.add(ending(record(6, 1, 7), {0, 1}));
  assembler.add(ending(record(7, 1, 8), {0, 1}));
  EXPECT_FALSE(assembler.piece_ready());
  assembler.add(ending(record(5, 0, 1), {1, 1}));
  EXPECT_EQ(ids(assembler.take_piece()), (Ids{1, 2}));
  EXPECT_EQ(assembler.positions()[1].next_offset, 101);  // what is aside is not passed
  assembler.committed();
  ASSERT_TRUE(assembler.piece_ready());
  EXPECT_EQ(ids(assembler.take_piece()), Ids{7});
  assembler.committed();
  EXPECT_EQ(ids(assembler.take_piece()), Ids{8});
}

// Of three partitions, one is late with batch 5 when the other two have brought 6: nothing is missing.
TEST_F(BatchAssemblerTest, TakesWhatWasKeptAsideOfThePartitionsOneByOneForNoGap) {
  const auto tables = one_table(3);
  const Partitions three(tables);
  from_.positions.push_back({{"t", 2}, 100, {Epoch{1}, BatchNo{4}, 9, 0}});
  BatchAssembler assembler(three, from_);
  for (const std::size_t partition : {0U, 1U}) {
    const auto id = static_cast<std::int64_t>(partition);
    assembler.add(ending(record(5, partition, 1 + id), {1, 1, 1}));
    assembler.add(ending(record(6, partition, 11 + id), {1, 1, 0}));
    assembler.add(ending(record(7, partition, 21 + id), {1, 1, 1}));
  }
  assembler.add(ending(record(5, 2, 3), {1, 1, 1}));
  for (const Ids& wanted : {Ids{1, 2, 3}, Ids{11, 12}}) {
    ASSERT_TRUE(assembler.piece_ready());
    EXPECT_EQ(ids(assembler.take_piece()), wanted);
    assembler.committed();
  }
  EXPECT_FALSE(assembler.piece_ready());
  assembler.add(ending(record(7, 2, 23), {1, 1, 1}));
  EXPECT_EQ(ids(assembler.take_piece()), (Ids{21, 22, 23}));
}

TEST_F(BatchAssemblerTest, StopsAtABatchOlderThanAllThatBRemembers) {
  BatchAssembler assembler(partitions_, from_);
  expect_safety([&] { assembler.add(record(2, 0, 1)); });
}

TEST_F(BatchAssemblerTest, AsksToPauseAPartitionThatRunsAhead) {
  BatchAssembler assembler(partitions_, from_);
  assembler.add(record(5, 0, 1));
  for (int i = 0; i < 3'000; ++i) assembler.add(record(6, 1, i));
  EXPECT_TRUE(assembler.runs_ahead(1));
  EXPECT_FALSE(assembler.runs_ahead(0));
}

TEST_F(BatchAssemblerTest, HandsOutABigBatchInPieces) {
  BatchAssembler assembler(partitions_, from_, {.records_max = 2, .bytes_max = 1'000'000});
  assembler.add(record(5, 0, 1));
  assembler.add(record(5, 0, 2));
  ASSERT_TRUE(assembler.piece_ready());
  const Piece first = assembler.take_piece();
  EXPECT_FALSE(first.last);
  EXPECT_FALSE(first.end.has_value());
  assembler.add(ending(record(5, 0, 3), {3, 0}));
  const Piece last = assembler.take_piece();
  EXPECT_TRUE(last.last);
  EXPECT_EQ(last.end->total, 3);
}

TEST_F(BatchAssemblerTest, StopsWhenABatchHasTwoNonces) {
  BatchAssembler assembler(partitions_, from_);
  assembler.add(record(5, 0, 1));
  Record other = record(5, 1, 2);
  other.nonce = Nonce{7};
  expect_safety([&] { assembler.add(std::move(other)); });
}

TEST_F(BatchAssemblerTest, StopsWhenABatchThatBHasComesWithAnotherNonce) {
  BatchAssembler assembler(partitions_, from_);
  Record old = record(4, 0, 1);
  old.nonce = Nonce{7};
  expect_safety([&] { assembler.add(std::move(old)); });
}

TEST_F(BatchAssemblerTest, StopsWhenTheBatchBeforeIsNotTheOneOfB) {
  BatchAssembler assembler(partitions_, from_);
  Record next = record(5, 0, 1);
  next.previous = Nonce{7};
  expect_safety([&] { assembler.add(std::move(next)); });
}

TEST_F(BatchAssemblerTest, StopsWhenARecordInsideAPartitionIsMissing) {
  BatchAssembler assembler(partitions_, from_);
  assembler.add(record(5, 0, 1));
  expect_safety([&] { assembler.add(ending(record(5, 0, 3), {3, 0})); });
}

TEST_F(BatchAssemblerTest, StopsWhenEveryPartitionShowsALaterBatch) {
  BatchAssembler assembler(partitions_, from_);
  assembler.add(record(6, 0, 1));
  expect_safety([&] { assembler.add(record(6, 1, 2)); });
}

TEST_F(BatchAssemblerTest, StopsWhenAPartitionShowsALaterBatchBeforeItsPartIsThere) {
  BatchAssembler assembler(partitions_, from_);
  assembler.add(ending(record(5, 0, 1), {1, 1}));
  expect_safety([&] { assembler.add(record(6, 1, 2)); });
}

TEST_F(BatchAssemblerTest, PassesPoisonAloneOrWithTheBatchInHand) {
  BatchAssembler assembler(partitions_, from_);
  Record garbage = record(0, 0, 0);
  garbage.poison = "no JSON";
  assembler.add(std::move(garbage));
  ASSERT_TRUE(assembler.piece_ready());
  Piece alone = assembler.take_piece();
  EXPECT_FALSE(alone.of_batch);
  EXPECT_EQ(alone.id, *from_.last);
  assembler.committed();
  assembler.add(record(5, 0, 1));
  Record more = record(0, 0, 0);
  more.poison = "no JSON";
  assembler.add(std::move(more));
  EXPECT_FALSE(assembler.piece_ready());
  assembler.add(ending(record(5, 0, 2), {2, 0}));
  Piece with_batch = assembler.take_piece();
  EXPECT_EQ(with_batch.poison.size(), 1U);
  EXPECT_TRUE(with_batch.of_batch);
}

TEST_F(BatchAssemblerTest, BeginsWithBatchOneOnAnEmptyB) {
  from_ = {};
  next_offset_[0] = 0;
  BatchAssembler assembler(partitions_, from_);
  assembler.add(ending(record(1, 0, 1), {1, 0}));
  EXPECT_TRUE(assembler.piece_ready());
}

}  // namespace
}  // namespace penstock::apply
