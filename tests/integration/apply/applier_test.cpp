// Plain batches, tables and types: what happens when nothing is wrong.
#include <gmock/gmock.h>

#include "support/target_line.hpp"

namespace penstock::apply {
namespace {

const char* const kBooks =
    "select books->'public.src_0'->>'captured', books->'public.src_0'->>'applied', "
    "books->'public.src_0'->>'rejected' from penstock.offsets order by batch desc, step desc limit 1";

class ApplierTest : public TargetLine {};

TEST_F(ApplierTest, AppliesInsertsUpdatesAndDeletesInOrderWithOffsetsAndBooks) {
  add_table("t", "id int primary key, v text, extra int default 7");
  RunningApplier applier(options());
  send_batch(1, {row(1, R"("v":"a")"), row(2, R"("v":"b")"), row(3, R"("v":"c")")});
  send_batch(2, {row(1, R"("v":"x")"), gone(2), row(4, R"("v":"d")"), gone(4), gone(3), row(3, R"("v":"again")")});
  send_batch(3, {gone(1)});
  until_batch(3);
  EXPECT_EQ(ask("select * from t order by id"), "3|again|7");
  EXPECT_EQ(ask(kBooks), "10|10|0");
  EXPECT_EQ(ask("select epoch, batch, step, nonce, snapshot, poison from penstock.offsets order by batch desc limit 1"),
            "1|3|0|1003|103:103:|0");
  EXPECT_EQ(ask("select positions->0->>'next_offset', positions->0->>'cdc_id' from penstock.offsets order by batch "
                "desc limit 1"),
            "10|1");
  applier.stop();
}

TEST_F(ApplierTest, GoesOnWhereItWasAfterARestart) {
  add_table("t", "id int primary key, v text");
  {
    RunningApplier applier(options());
    send_batch(1, {row(1, R"("v":"a")")});
    until_batch(1);
    applier.stop();
  }
  send_batch(2, {row(2, R"("v":"b")")});
  RunningApplier applier(options());
  until_batch(2);
  EXPECT_EQ(ask("select * from t order by id"), "1|a;2|b");
  EXPECT_EQ(ask(kBooks), "2|2|0");
}

TEST_F(ApplierTest, PutsWhatAInsertedOverARowThatBHasAgainstExpectation) {
  add_table("t", "id int primary key, v text");
  run_sql("insert into t values (2, 'old')");
  RunningApplier applier(options());
  send_batch(1, {row(1, R"("v":"a")"), row(2, R"("v":"b")"), row(3, R"("v":"c")")});
  until_batch(1);
  EXPECT_EQ(ask("select * from t order by id"), "1|a;2|b;3|c");
  EXPECT_EQ(ask(kBooks), "3|3|0");
  EXPECT_EQ(ask("select count(*) from penstock.dead_letter"), "0");
}

// Statistics that were taken while all rows were dead, or not committed yet, say that there is none: a join would read
// the whole table for each piece.
TEST_F(ApplierTest, DeletesThroughTheIndexWhateverTheStatisticsSay) {
  add_table("t", "id int primary key, v text");
  const char* const fill = "insert into t select id, repeat('x', 100) from generate_series(1, 20000) as g (id)";
  for (const char* statement :
       {"alter table t set (autovacuum_enabled = off)", fill, "delete from t", "analyze t", fill}) {
    run_sql(statement);
  }
  ASSERT_EQ(ask("select reltuples, relpages > 0 from pg_class where oid = 't'::regclass"), "0|t");
  for (const char* kind : {"delete_keys", "mixed_delete"}) {
    const std::string statement =
        ask(std::string("select regexp_replace(regexp_replace(penstock.apply_sql('public.t', '{id}', '{id}', '[]', '") +
            kind + "'), '\\$[13]', '''[]''', 'g'), '\\$[24]', '''{}''', 'g')");
    EXPECT_THAT(ask("explain " + statement), testing::HasSubstr("Index Cond: (id = ANY")) << kind;
  }
}

TEST_F(ApplierTest, PassesABatchWithoutAnyChange) {
  add_table("t", "id int primary key, v text");
  RunningApplier applier(options());
  send_batch(1, {{Op::mark, "", "", 0, 0, false}});
  send_batch(2, {row(1, R"("v":"a")")});
  until_batch(2);
  EXPECT_EQ(ask(kBooks), "1|1|0");
}

TEST_F(ApplierTest, WritesIdentityAlwaysAndLeavesGeneratedAndExtraColumnsToB) {
  add_table(
      "\"T t\"",
      "id int generated always as identity primary key, \"V v\" text, twice int generated always as (id * 2) stored, "
      "extra text default 'kept'");
  RunningApplier applier(options());
  send_batch(1, {row(5, R"("V v":"a","twice":10)")});
  until_batch(1);
  run_sql("update \"T t\" set extra = 'mine'");
  send_batch(2, {row(5, R"("V v":"b","twice":10)")});
  until_batch(2);
  EXPECT_EQ(ask("select * from \"T t\""), "5|b|10|mine");
}

TEST_F(ApplierTest, TakesNumericKeysForEqualAsBDoes) {
  add_table("t", "id numeric primary key, v text");
  RunningApplier applier(options());
  const MadeChange one{Op::create, R"({"id":1.0,"v":"a"})", R"({"id":1.0})", 0, 0, false};
  const MadeChange changed{Op::update, R"({"id":1.00,"v":"b"})", R"({"id":1.00})", 0, 0, false};
  const MadeChange deleted{Op::remove, R"({"id":1})", R"({"id":1})", 0, 0, false};
  send_batch(1, {one, changed});
  until_batch(1);
  EXPECT_EQ(ask("select v from t"), "b");
  send_batch(2, {changed, deleted});
  until_batch(2);
  EXPECT_EQ(ask("select count(*) from t"), "0");
}

TEST_F(ApplierTest, BringsEveryKindOfTextOverUnharmed) {
  add_table("t", "id int primary key, v text, j jsonb, a int[]");
  RunningApplier applier(options());
  send_batch(1, {row(1, "\"v\":\"\\\"quoted\\\" \\\\ \xc3\xa4 \\n,]}\",\"j\":{\"a\": [1, \"}\"]},\"a\":[1,2]")});
  until_batch(1);
  EXPECT_EQ(ask("select v, j, a from t"), "\"quoted\" \\ \xc3\xa4 \n,]}|{\"a\": [1, \"}\"]}|{1,2}");
}

TEST_F(ApplierTest, StaysRightWhenBGetsAColumnWhileItRuns) {
  add_table("t", "id int primary key, v text");
  RunningApplier applier(options());
  send_batch(1, {row(1, R"("v":"a")")});
  until_batch(1);
  run_sql("alter table t add extra int default 7");
  send_batch(2, {row(1, R"("v":"1")"), row(2, R"("v":"x")"), row(1, R"("v":"2")"), row(1, R"("v":"3")")});
  send_batch(3, {row(2, R"("v":"1")"), gone(2), row(2, R"("v":"2")"), gone(1)});
  until_batch(3);
  EXPECT_EQ(ask("select * from t order by id"), "2|2|7");
}

TEST_F(ApplierTest, TakesColumnsThatAreCalledLikeItsOwnNames) {
  add_table("t", "id int primary key, ordinality int, penstock_ordinal int, penstock_value text, r text, last text", 1,
            {{"commented", "ordinality > 0 -- more than nothing"}});
  RunningApplier applier(options());
  send_batch(1, {row(1, R"("ordinality":9,"penstock_ordinal":8,"penstock_value":"v","r":"r","last":"l")"),
                 row(1, R"("ordinality":5,"penstock_ordinal":4,"penstock_value":"w","r":"s","last":"m")"), gone(2)});
  send_batch(2, {row(3, R"("ordinality":0,"penstock_ordinal":1,"penstock_value":"w","r":"s","last":"m")")});
  until_batch(2);
  EXPECT_EQ(ask("select * from t"), "1|5|4|w|s|m");
  EXPECT_EQ(ask("select rule from penstock.dead_letter"), "commented");
}

TEST_F(ApplierTest, TriesABatchAgainThatBCannotSerialize) {
  add_table("t", "id int primary key, v text");
  run_sql(
      "create sequence tries; create function refuse() returns trigger language plpgsql as $$ begin if "
      "nextval('public.tries') <= 3 then raise exception 'not yet' using errcode = 'serialization_failure'; end if; "
      "return "
      "new; end $$; create trigger refuse before insert on t for each row execute function refuse()");
  RunningApplier applier(options());
  send_batch(1, {row(1, R"("v":"a")")});
  until_batch(1);
  EXPECT_EQ(ask("select id, v from t"), "1|a");
  EXPECT_EQ(ask("select last_value from tries"), "4");
  EXPECT_EQ(ask(kBooks), "1|1|0");
}

TEST_F(ApplierTest, OrdersABatchOverPartitionsAndTables) {
  add_table("parent", "id int primary key, v text", 2);
  add_table("child", "id int primary key, parent int references parent", 2);
  RunningApplier applier(options());
  // The child's records lie in Kafka before the parent's, as a fetch may bring them.
  std::vector<Made> made = batch(1, {row(1, R"("v":"a")", 1), row(10, R"("parent":1)", 0, 1), row(2, R"("v":"b")", 0),
                                     row(11, R"("parent":2)", 1, 1)});
  std::reverse(made.begin(), made.end());
  send(made);
  until_batch(1);
  EXPECT_EQ(ask("select c.id, v from child c join parent p on p.id = c.parent order by 1"), "10|a;11|b");
}

TEST_F(ApplierTest, ExecutesATruncateOfSeveralPartitionsOnceAndBetweenItsNeighbours) {
  add_table("t", "id int primary key, v text", 2);
  RunningApplier applier(options());
  send_batch(1,
             {row(1, R"("v":"a")", 0), row(2, R"("v":"b")", 1), truncated(0), truncated(1), row(3, R"("v":"c")", 1)});
  send_batch(2, {row(4, R"("v":"d")", 0)});
  until_batch(2);
  EXPECT_EQ(ask("select id from t order by id"), "3;4");
  EXPECT_EQ(ask(kBooks), "5|5|0");
}

TEST_F(ApplierTest, TruncatesTablesThatAForeignKeyJoinsAlsoWhereABatchComesInPieces) {
  limits_ = PieceLimits{4, 1 << 20};
  add_table("parent", "id int primary key, v text");
  add_table("child", "id int primary key, parent int references parent on delete cascade");
  RunningApplier applier(options());
  send_batch(
      1, {row(1, R"("v":"a")"), row(2, R"("v":"a")"), row(1, R"("parent":1)", 0, 1), row(2, R"("parent":2)", 0, 1)});
  until_batch(1);
  std::vector<MadeChange> changes;
  for (int i = 0; i < 6; ++i) changes.push_back(row(9, R"("v":"b")"));
  changes.push_back(truncated(0, 0));
  changes.push_back(truncated(0, 1));
  for (int i = 0; i < 6; ++i) changes.push_back(row(i, R"("v":"c")"));
  for (int i = 0; i < 6; ++i) changes.push_back(row(i + 10, fmt::format(R"("parent":{})", i), 0, 1));
  send_batch(2, changes);
  until_batch(2);
  EXPECT_EQ(ask("select count(*), min(id), max(id), min(v) from parent"), "6|0|5|c");
  EXPECT_EQ(ask("select count(*), min(id), max(id) from child"), "6|10|15");
  EXPECT_EQ(ask(kBooks), "15|15|0");
}

TEST_F(ApplierTest, TruncatesTablesThatAForeignKeyJoinsInOneStatement) {
  add_table("parent", "id int primary key, v text");
  add_table("child", "id int primary key, parent int references parent");
  RunningApplier applier(options());
  send_batch(1, {row(1, R"("v":"a")"), row(10, R"("parent":1)", 0, 1)});
  until_batch(1);
  send_batch(2, {truncated(0, 0), truncated(0, 1)});
  until_batch(2);
  EXPECT_EQ(ask("select (select count(*) from parent), (select count(*) from child)"), "0|0");
}

}  // namespace
}  // namespace penstock::apply
