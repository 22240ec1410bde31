// consistency = "key" on real servers: what each rule does that partitions which move independently keep.
#include <chrono>
#include <thread>

#include "support/database.hpp"
#include "support/target_line.hpp"

namespace penstock::apply {
namespace {

const char* const kBooks =
    "select sum(taken), sum(applied), sum(rejected) from penstock.partition_offsets as o "
    "where first_offset = (select max(first_offset) from penstock.partition_offsets as n "
    "where (n.topic, n.partition) = (o.topic, o.partition))";

class KeyTest : public TargetLine {
 protected:
  static constexpr auto kKeys = RunningApplier::Of::keys;

  static std::vector<MadeChange> rows(int first, int count, std::int32_t partitions) {
    std::vector<MadeChange> changes;
    for (int i = first; i < first + count; ++i) {
      changes.push_back(row(i, "\"v\":\"" + std::to_string(i) + "\"", i % partitions));
    }
    return changes;
  }
  static std::vector<Made> of_partition(const std::vector<Made>& records, std::int32_t partition,
                                        std::size_t table = 0) {
    std::vector<Made> some;
    for (const auto& made : records) {
      if (made.partition == partition && made.table == table) some.push_back(made);
    }
    return some;
  }
};

TEST_F(KeyTest, TwoAppliersCountEveryChangeOnceHoweverOftenItIsSent) {
  add_table("t", "id int primary key, v text", 4);
  RunningApplier one(options(), kKeys), two(options(), kKeys);
  const std::vector<Made> first = batch(1, rows(1, 12, 4));
  const std::vector<Made> second = batch(2, rows(9, 12, 4));
  send(std::vector<Made>(first.begin(), first.begin() + 6));
  send(first);
  send(second);
  send(first);
  send(second);
  send_batch(3, rows(40, 4, 4));
  until(kBooks, "28|28|0");
  EXPECT_EQ(ask("select count(*), sum(id) from t"), "24|376");
}

TEST_F(KeyTest, ATruncateIsExecutedOnceAndNothingOlderComesBehindIt) {
  add_table("t", "id int primary key, v text", 2);
  const std::vector<Made> all = batch(1, {row(2, "\"v\":\"old\"", 0), row(3, "\"v\":\"old\"", 1), truncated(0),
                                          truncated(1), row(4, "\"v\":\"new\"", 0), row(5, "\"v\":\"new\"", 1)});
  RunningApplier applier(options(), kKeys);
  send(of_partition(all, 0));
  until("select string_agg(id || v, ' ' order by id) from t", "4new");
  send(of_partition(all, 1));
  until(kBooks, "5|5|0");
  EXPECT_EQ(ask("select string_agg(id || v, ' ' order by id) from t"), "4new 5new");
}

TEST_F(KeyTest, AnApplierThatDoesNotKnowOfATruncateLooksAgain) {
  add_table("t", "id int primary key, v text", 2);
  RunningApplier applier(options(), kKeys);
  send_batch(1, rows(1, 4, 2));
  until(kBooks, "4|4|0");
  // Another applier executed the truncate of batch 2, of which this one has seen nothing.
  run_sql("truncate t; insert into penstock.truncated values ('" + pipeline_ + "', 'public.src_0', 1, 2, 2, 0, 7)");
  send(of_partition(batch(2, {row(7, "\"v\":\"old\"", 1), truncated(0), truncated(1), row(9, "\"v\":\"new\"", 1)}), 1));
  until("select string_agg(id || v, ' ' order by id) from t", "9new");
  EXPECT_EQ(ask(kBooks), "6|6|0");
}

// TRUNCATE would not have it, and DELETE does not see what another applier has not committed yet.
TEST_F(KeyTest, ATableThatOthersReferToIsEmptiedOfWhatWasUnderWay) {
  add_table("t", "id int primary key, v text", 2);
  run_sql("create table refers (id int references t)");
  RunningApplier applier(options(), kKeys);
  send_batch(1, rows(1, 2, 2));
  until(kBooks, "2|2|0");
  test::Database other(dsn_);
  other.run("begin; lock table only t in row exclusive mode; insert into t values (9, 'old')");
  send_batch(2, {truncated(0), truncated(1), row(4, "\"v\":\"new\"", 0)});
  std::this_thread::sleep_for(std::chrono::milliseconds(500));
  EXPECT_EQ(ask("select count(*) from penstock.truncated"), "0");
  other.run("commit");
  until("select string_agg(id || v, ' ' order by id) from t", "4new");
}

TEST_F(KeyTest, StopsTryingSoonWhatBCannotSerialize) {
  add_table("t", "id int primary key, v text", 2);
  run_sql(
      "create sequence tries; create function refuse() returns trigger language plpgsql as $$ begin if "
      "nextval('public.tries') <= 9 then raise exception 'not yet' using errcode = 'serialization_failure'; end if; "
      "return new; end $$; create trigger refuse before insert on t for each row execute function refuse()");
  RunningApplier applier(options(), kKeys);
  send_batch(1, {row(1, "\"v\":\"a\"", 0)});
  until("select count(*) from t", "1");
  EXPECT_EQ(ask("select last_value from tries"), "10");
  EXPECT_EQ(ask(kBooks), "1|1|0");
}

TEST_F(KeyTest, ForgetsOldOffsetsButTheNewestOfEachPartition) {
  limits_ = PieceLimits{1, 1 << 20};  // a unit a record
  add_table("t", "id int primary key, v text", 2);
  RunningApplier applier(options(), kKeys);
  send_batch(1, rows(0, 2, 2));
  std::vector<Made> records;
  for (std::int64_t number = 2; number <= 2'300; ++number) {
    for (auto& made : batch(number, {row(2, "\"v\":\"a\"", 0)})) records.push_back(std::move(made));
  }
  send(records);
  until("select max(batch) from penstock.partition_offsets", "2300");
  until("select count(*) between 1000 and 1400 from penstock.partition_offsets where partition = 0", "t");
  EXPECT_EQ(ask("select count(*) from penstock.partition_offsets where partition = 1"), "1");
}

TEST_F(KeyTest, IsTurnedAwayByTheFenceAndReadsThePartitionAnew) {
  add_table("t", "id int primary key, v text", 2);
  RunningApplier applier(options(), kKeys);
  send_batch(1, rows(2, 2, 2));
  until(kBooks, "2|2|0");
  // Another applier wrote batch 2 to partition 0 while this one still believes in what it knows.
  run_sql(
      "insert into penstock.partition_offsets select pipeline, topic, partition, next_offset, next_offset + 1, epoch, "
      "2, 1, 0, "
      "1002, 1, true, '1/2/1/0/1002', '[[1,2,1002]]', snapshot, taken + 1, applied + 1, rejected, poison from "
      "penstock.partition_offsets where partition = 0 and topic = '" +
      tables_[0].topic + "'");
  send_batch(2, rows(4, 1, 2));
  send_batch(3, rows(6, 2, 2));
  until(kBooks, "5|5|0");
  EXPECT_EQ(ask("select id from t order by id"), "2;3;6;7");
}

TEST_F(KeyTest, ARefusedRowWaitsForAnotherPartition) {
  add_table("parent", "id int primary key, v text", 2);
  add_table("child", "id int primary key, parent int references parent", 2);
  const std::vector<Made> all = batch(1, {row(1, "\"v\":\"p\"", 1, 0), row(10, "\"parent\":1", 0, 1)});
  RunningApplier applier(options(), kKeys);
  send(of_partition(all, 0, 1));
  send_batch(2, {row(2, "\"v\":\"q\"", 0, 0)});
  until("select id from parent", "2");  // it holds up nobody else
  EXPECT_EQ(ask("select count(*) from child"), "0");
  send(of_partition(all, 1, 0));
  until("select id, parent from child", "10|1");
  EXPECT_EQ(ask("select count(*) from penstock.dead_letter"), "0");
}

TEST_F(KeyTest, ARejectIsSentOnceAndKnowsItsPlace) {
  add_table("t", "id int primary key, v text", 2, {{"no_bad", "v <> 'bad'"}});
  RunningApplier applier(options(), kKeys);
  send_batch(1, {row(2, "\"v\":\"good\"", 0), row(4, "\"v\":\"bad\"", 0), row(5, "\"v\":\"good\"", 1)});
  until(kBooks, "3|2|1");
  EXPECT_EQ(ask("select rule, state, dlq_partition, dlq_offset from penstock.dead_letter"), "no_bad|open|0|0");
  send_batch(2, {row(4, "\"v\":\"good\"", 0)});
  until("select state from penstock.dead_letter", "superseded");
  EXPECT_EQ(dead_letters(1).size(), 1u);
}

TEST_F(KeyTest, StopsForSafetyWhereTheTopicHoldsAnotherRecordBeforeTheOffset) {
  add_table("t", "id int primary key, v text", 2);
  {
    RunningApplier applier(options(), kKeys);
    send_batch(1, rows(2, 2, 2));
    until(kBooks, "2|2|0");
    applier.stop();
  }
  run_sql("update penstock.partition_offsets set last_record = '1/1/7/0/1001' where partition = 0");
  RunningApplier applier(options(), kKeys);
  EXPECT_EQ(applier.ended(), ErrorKind::safety);
}

}  // namespace
}  // namespace penstock::apply
