// The rules of the protocol and what servers do to an applier: duplicates, other lives of A, a second applier, outages.
#include <chrono>

#include "support/target_line.hpp"

namespace penstock::apply {
namespace {

const char* const kBooks =
    "select books->'public.src_0'->>'captured', books->'public.src_0'->>'applied', "
    "books->'public.src_0'->>'rejected' from penstock.offsets order by batch desc, step desc limit 1";

class ProtocolTest : public TargetLine {
 protected:
  void kill_sessions() {
    run_sql(
        "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> "
        "pg_backend_pid() and application_name like 'penstock%'");
  }
  static std::vector<MadeChange> rows(int first, int count, std::int32_t partitions = 1) {
    std::vector<MadeChange> changes;
    for (int i = first; i < first + count; ++i) {
      changes.push_back(row(i, "\"v\":\"" + std::to_string(i) + "\"", i % partitions));
    }
    return changes;
  }
};

TEST_F(ProtocolTest, CountsEveryChangeOnceHoweverOftenItIsSent) {
  add_table("t", "id int primary key, v text", 2);
  RunningApplier applier(options());
  const std::vector<Made> first = batch(1, rows(1, 6, 2));
  const std::vector<Made> second = batch(2, rows(4, 6, 2));
  // Half of a batch, then all of it; then all of both again, as after a crash of a capture.
  send(std::vector<Made>(first.begin(), first.begin() + 3));
  send(first);
  send(second);
  send(first);
  send(second);
  send_batch(3, rows(20, 1));
  until_batch(3);
  EXPECT_EQ(ask(kBooks), "13|13|0");
  EXPECT_EQ(ask("select count(*), sum(id) from t"), "10|65");
}

TEST_F(ProtocolTest, KeepsRecordsOfLaterBatchesAsideInBoundedMemory) {
  add_table("t", "id int primary key, v text", 2);
  // Batch 1 fills both partitions; then partition 1 alone goes far ahead, further than is kept aside.
  send_batch(1, rows(0, 6'000, 2));
  std::vector<Made> later;
  for (std::int64_t n = 2; n < 100; ++n) {
    std::vector<MadeChange> changes;
    for (int i = 0; i < 50; ++i) changes.push_back(row(static_cast<int>(n) * 100 + 2 * i + 1, "", 1));
    const std::vector<Made> more = batch(n, changes);
    later.insert(later.end(), more.begin(), more.end());
  }
  send(later);
  RunningApplier applier(options());
  until_batch(99);
  EXPECT_EQ(ask(kBooks), "10900|10900|0");
}

TEST_F(ProtocolTest, StopsForSafetyWhenABatchExistsTwice) {
  add_table("t", "id int primary key, v text");
  RunningApplier applier(options());
  send_batch(1, rows(1, 2));
  until_batch(1);
  send(batch(1, rows(1, 3), 5));
  EXPECT_EQ(applier.ended(), ErrorKind::safety);
}

TEST_F(ProtocolTest, StopsForSafetyWhenTheChainOfNoncesIsBroken) {
  add_table("t", "id int primary key, v text");
  RunningApplier applier(options());
  send_batch(1, rows(1, 2));
  until_batch(1);
  run_sql("update penstock.offsets set nonce = 4711");
  kill_sessions();
  send_batch(2, rows(3, 2));
  EXPECT_EQ(applier.ended(), ErrorKind::safety);
  EXPECT_EQ(ask("select count(*) from t"), "2");
}

TEST_F(ProtocolTest, StopsForSafetyWhenABatchIsMissing) {
  add_table("t", "id int primary key, v text", 2);
  RunningApplier applier(options());
  send_batch(1, rows(1, 4, 2));
  until_batch(1);
  batch(2, rows(5, 1));
  send_batch(3, rows(7, 1));  // the other partition brings nothing: only its end tells that nothing will come
  EXPECT_EQ(applier.ended(), ErrorKind::safety);
}

TEST_F(ProtocolTest, StopsForSafetyWhenRecordsOfABatchAreMissing) {
  add_table("t", "id int primary key, v text");
  RunningApplier applier(options());
  std::vector<Made> made = batch(1, rows(1, 4));
  made.erase(made.begin() + 1);
  send(made);
  EXPECT_EQ(applier.ended(), ErrorKind::safety);
}

TEST_F(ProtocolTest, StopsForSafetyWhenTheTopicEndsBeforeTheOffsetOfB) {
  add_table("t", "id int primary key, v text");
  {
    RunningApplier applier(options());
    send_batch(1, rows(1, 4));
    until_batch(1);
    applier.stop();
  }
  run_sql("update penstock.offsets set positions = jsonb_set(positions, '{0,next_offset}', '1000')");
  RunningApplier applier(options());
  EXPECT_EQ(applier.ended(), ErrorKind::safety);
}

TEST_F(ProtocolTest, IsTurnedAwayByTheFenceAndReadsBAnew) {
  add_table("t", "id int primary key, v text");
  RunningApplier applier(options());
  send_batch(1, rows(1, 1));
  until_batch(1);
  // Another applier wrote batch 2 while this one still believes in its session.
  run_sql(
      "insert into penstock.offsets select pipeline, epoch, 2, 0, 1002, snapshot, positions, books, poison from "
      "penstock.offsets where batch = 1");
  send_batch(2, rows(2, 1));
  send_batch(3, rows(3, 1));
  until_batch(3);
  EXPECT_EQ(ask("select id from t order by id"), "1;3");
}

TEST_F(ProtocolTest, ASecondApplierStandsByAndTakesOver) {
  add_table("t", "id int primary key, v text");
  auto first = std::make_unique<RunningApplier>(options());
  send_batch(1, rows(1, 1));
  until_batch(1);
  RunningApplier second(options());
  send_batch(2, rows(2, 1));
  until_batch(2);
  first->stop();
  send_batch(3, rows(3, 1));
  until_batch(3);
  EXPECT_EQ(ask(kBooks), "3|3|0");
}

TEST_F(ProtocolTest, LosesAndDoublesNothingWhenBCutsItsSessions) {
  add_table("t", "id int primary key, v text", 2, {{"small", "id < 900"}});
  limits_.records_max = 40;
  RunningApplier applier(options());
  std::int64_t number = 0;
  for (int round = 0; round < 30; ++round) {
    std::vector<MadeChange> changes = rows(round * 10, 10, 2);
    if (round % 7 == 3) changes.push_back(row(900 + round, R"("v":"bad")"));
    if (round % 10 == 5) {
      const std::vector<MadeChange> big = rows(round * 10, 200, 2);
      changes.insert(changes.end(), big.begin(), big.end());
    }
    send_batch(++number, changes);
    if (round % 3 == 0) kill_sessions();
  }
  until_batch(number);
  EXPECT_EQ(ask(kBooks), "904|900|4");
  EXPECT_EQ(ask("select count(*), min(id), max(id) from t"), "450|0|449");
  EXPECT_EQ(ask("select count(*) from penstock.dead_letter"), "4");
}

TEST_F(ProtocolTest, WaitsForATargetTableThatIsMissing) {
  add_table("t", "");
  RunningApplier applier(options());
  send_batch(1, rows(1, 1));
  std::this_thread::sleep_for(300ms);
  run_sql("create table public.t (id int primary key, v text)");
  until_batch(1);
  EXPECT_EQ(ask(kBooks), "1|1|0");
}

TEST_F(ProtocolTest, WaitsForAColumnThatBLacksAndThenWritesIt) {
  add_table("t", "id int primary key, v text");
  RunningApplier applier(options());
  send_batch(1, rows(1, 1));
  until_batch(1);
  send_batch(2, {row(2, R"("v":"b","born":"2010-01-01")")});
  std::this_thread::sleep_for(300ms);
  EXPECT_EQ(ask("select count(*) from t"), "1");
  run_sql("alter table t add born date");
  until_batch(2);
  EXPECT_EQ(ask("select * from t order by id"), "1|1|;2|b|2010-01-01");
}

TEST_F(ProtocolTest, AppliesABigBatchInPiecesAndOneTransaction) {
  add_table("t", "id int primary key, v text", 2, {{"small", "id < 5000"}});
  limits_.records_max = 100;
  RunningApplier applier(options());
  std::vector<MadeChange> changes = rows(0, 2'000, 2);
  changes[150] = row(6'000, R"("v":"bad")", 0);
  const std::vector<Made> made = batch(1, changes);
  send(std::vector<Made>(made.begin(), made.end() - 1));
  std::this_thread::sleep_for(500ms);
  EXPECT_EQ(ask("select count(*) from t"), "0");  // not before the batch is complete
  send({made.back()});
  until_batch(1);
  EXPECT_EQ(ask("select count(*) from t"), "1999");
  EXPECT_EQ(ask(kBooks), "2000|1999|1");
}

TEST_F(ProtocolTest, RetriesAcrossThePiecesOfABigBatchWithoutLettingAnOlderImageWin) {
  add_table("child", "id int primary key, parent int, v text");
  add_table("parent", "id int primary key");
  run_sql("alter table child add foreign key (parent) references parent");
  limits_.records_max = 10;
  RunningApplier applier(options());
  std::vector<MadeChange> changes{row(1, R"("parent":1,"v":"old")"), row(2, R"("parent":1,"v":"kept")")};
  for (int i = 100; i < 130; ++i) changes.push_back(row(i, R"("parent":null)"));
  changes.push_back(row(1, R"("parent":null,"v":"new")"));
  for (int i = 200; i < 230; ++i) changes.push_back(row(i, R"("parent":null)"));
  changes.push_back(row(1, "", 0, 1));
  send_batch(1, changes);
  until_batch(1);
  EXPECT_EQ(ask("select id, v from child where id < 100 order by id"), "1|new;2|kept");
  EXPECT_EQ(ask("select count(*) from penstock.dead_letter"), "0");
  EXPECT_EQ(ask(kBooks), "63|63|0");
}

TEST_F(ProtocolTest, ATruncateInABigBatchKeepsOlderRecordsOfOtherPartitionsOut) {
  add_table("t", "id int primary key, v text", 2);
  limits_.records_max = 4;
  RunningApplier applier(options());
  std::vector<Made> made =
      batch(1, {row(1, R"("v":"a")", 0), row(2, R"("v":"b")", 1), row(3, R"("v":"c")", 1), truncated(0), truncated(1),
                row(4, R"("v":"d")", 0), row(6, R"("v":"e")", 0), row(8, R"("v":"f")", 0)});
  std::vector<Made> zero, one;
  for (const auto& record : made) (record.partition == 0 ? zero : one).push_back(record);
  send(zero);  // the truncate among them
  std::this_thread::sleep_for(300ms);
  send(one);
  until_batch(1);
  EXPECT_EQ(ask("select id from t order by id"), "4;6;8");
  EXPECT_EQ(ask(kBooks), "7|7|0");
}

TEST_F(ProtocolTest, TrimsOldOffsetsAndKeepsAThousandNonces) {
  add_table("t", "id int primary key, v text");
  RunningApplier applier(options());
  std::vector<Made> all;
  for (std::int64_t n = 1; n <= 2'100; ++n) {
    const std::vector<Made> one = batch(n, rows(1, 1));
    all.insert(all.end(), one.begin(), one.end());
  }
  send(all);
  const auto start = std::chrono::steady_clock::now();
  while (ask("select coalesce(max(batch), 0) from penstock.offsets") != "2100") {
    ASSERT_LT(std::chrono::steady_clock::now() - start, 30s);
    std::this_thread::sleep_for(50ms);
  }
  until("select count(*) between 1000 and 1200 from penstock.offsets", "t");
  EXPECT_EQ(ask(kBooks), "2100|2100|0");
}

}  // namespace
}  // namespace penstock::apply
