// Bad rows: rules, values, constraints; dead letters, ledger and books.
#include "support/target_line.hpp"

namespace penstock::apply {
namespace {

const char* const kBooks =
    "select books->'public.src_0'->>'captured', books->'public.src_0'->>'applied', "
    "books->'public.src_0'->>'rejected' from penstock.offsets order by batch desc, step desc limit 1";
const char* const kLedger =
    "select batch, cdc_id, key, stage, coalesce(rule, ''), coalesce(sqlstate, ''), state from penstock.dead_letter "
    "order by "
    "batch, cdc_id";

class RejectTest : public TargetLine {
 protected:
  static std::string header(const kafka::Headers& headers, const std::string& name) {
    for (const auto& [key, value] : headers) {
      if (key == name) return value;
    }
    return "(none)";
  }
  static std::vector<RuleSpec> rules() {
    return {{"salary_above_10000", "salary > 10000"}, {"no_negative_id", "id >= 0"}};
  }
};

TEST_F(RejectTest, RejectsTheRowThatBreaksARuleAndThatRowAlone) {
  add_table("t", "id int primary key, salary int", 1, rules());
  RunningApplier applier(options());
  send_batch(1, {row(1, R"("salary":20000)"), row(2, R"("salary":5)"), row(3, R"("salary":null)"),
                 row(-4, R"("salary":30000)")});
  until_batch(1);
  EXPECT_EQ(ask("select * from t order by id"), "1|20000;3|");
  EXPECT_EQ(ask(kLedger), "1|2|{\"id\":2}|rule|salary_above_10000||open;1|4|{\"id\":-4}|rule|no_negative_id||open");
  EXPECT_EQ(ask(kBooks), "4|2|2");
}

TEST_F(RejectTest, SendsTheOriginalBytesWithHeadersThatSayWhy) {
  add_table("t", "id int primary key, salary int", 1, rules());
  RunningApplier applier(options());
  const std::vector<Made> made = batch(1, {row(1, R"("salary":20000)"), row(2, R"("salary":5)")});
  send(made);
  until_batch(1);
  const auto letters = dead_letters(1);
  ASSERT_EQ(letters.size(), 1U);
  const auto& [headers, value] = letters[0];
  EXPECT_EQ(value, made[1].value);
  EXPECT_EQ(header(headers, "penstock.pipeline"), pipeline_);
  EXPECT_EQ(header(headers, "penstock.stage"), "rule");
  EXPECT_EQ(header(headers, "penstock.rule"), "salary_above_10000");
  EXPECT_EQ(header(headers, "penstock.origin.topic"), tables_[0].topic);
  EXPECT_EQ(header(headers, "penstock.origin.offset"), "1");
  EXPECT_EQ(header(headers, "penstock.position"), "1/1/2/0");
  EXPECT_EQ(header(headers, "__connect.errors.topic"), tables_[0].topic);
  EXPECT_EQ(header(headers, "__connect.errors.exception.message"), "the rule salary_above_10000 is false");
  EXPECT_EQ(ask("select dlq_topic = '" + dead_letter_topic_ + "', dlq_offset, origin_offset from penstock.dead_letter"),
            "t|0|1");
}

TEST_F(RejectTest, KeepsTheLastGoodImageAndSupersedesWhatALaterOnePutsRight) {
  add_table("t", "id int primary key, salary int", 1, rules());
  RunningApplier applier(options());
  // Good, bad, good: the bad one in the middle is rejected all the same, and put right at once.
  send_batch(1, {row(1, R"("salary":20000)"), row(1, R"("salary":1)"), row(1, R"("salary":30000)"),
                 row(2, R"("salary":11000)")});
  until_batch(1);
  EXPECT_EQ(ask("select * from t order by id"), "1|30000;2|11000");
  EXPECT_EQ(ask(kLedger), "1|2|{\"id\":1}|rule|salary_above_10000||superseded");
  // A good row turns bad: B keeps the last good image. Good again a batch later.
  send_batch(2, {row(2, R"("salary":12000)"), row(2, R"("salary":2)"), row(3, R"("salary":3)")});
  until_batch(2);
  EXPECT_EQ(ask("select * from t order by id"), "1|30000;2|12000");
  send_batch(3, {row(2, R"("salary":13000)")});
  send_batch(4, {gone(3)});
  until_batch(4);
  EXPECT_EQ(ask(kLedger),
            "1|2|{\"id\":1}|rule|salary_above_10000||superseded;2|2|{\"id\":2}|rule|salary_above_10000||superseded;"
            "2|3|{\"id\":3}|rule|salary_above_10000||superseded");
  EXPECT_EQ(ask(kBooks), "9|6|3");
}

TEST_F(RejectTest, ATruncateSupersedesTheOpenRejectsOfItsTable) {
  add_table("t", "id int primary key, salary int", 1, rules());
  RunningApplier applier(options());
  send_batch(1, {row(1, R"("salary":1)")});
  send_batch(2, {truncated()});
  until_batch(2);
  EXPECT_EQ(ask(kLedger), "1|1|{\"id\":1}|rule|salary_above_10000||superseded");
}

TEST_F(RejectTest, NarrowsAValueThatNoCastTakesDownToItsRow) {
  add_table("t", "id int primary key, d date");
  RunningApplier applier(options());
  std::vector<MadeChange> changes;
  for (int i = 0; i < 100; ++i) changes.push_back(row(i, i % 40 == 7 ? R"("d":"no date")" : R"("d":"2020-01-01")"));
  send_batch(1, changes);
  until_batch(1);
  EXPECT_EQ(ask("select count(*) from t"), "97");
  EXPECT_EQ(ask("select key, stage, sqlstate from penstock.dead_letter order by cdc_id"),
            "{\"id\":7}|data|22007;{\"id\":47}|data|22007;{\"id\":87}|data|22007");
  EXPECT_EQ(ask("select count(*) from penstock.dead_letter where message like '%no date%'"), "0");
  EXPECT_EQ(ask(kBooks), "100|97|3");
}

TEST_F(RejectTest, NarrowsAConstraintDownToItsRowAndFallsBackToTheChangeBefore) {
  add_table("t", "id int primary key, v text constraint short_v check (length(v) < 5)");
  RunningApplier applier(options());
  send_batch(1, {row(1, R"("v":"a")"), row(2, R"("v":"good")"), row(2, R"("v":"too long")"), row(3, R"("v":"c")"),
                 row(4, R"("v":"again too long")")});
  until_batch(1);
  EXPECT_EQ(ask("select * from t order by id"), "1|a;2|good;3|c");
  EXPECT_EQ(ask(kLedger), "1|3|{\"id\":2}|constraint|short_v|23514|open;1|5|{\"id\":4}|constraint|short_v|23514|open");
  EXPECT_EQ(ask(kBooks), "5|3|2");
}

TEST_F(RejectTest, RetriesWhatFailedBecauseItsParentComesLaterInTheBatch) {
  add_table("child", "id int primary key, parent int");
  add_table("parent", "id int primary key");
  run_sql("alter table child add foreign key (parent) references parent");
  RunningApplier applier(options());
  send_batch(1, {row(10, R"("parent":1)"), row(11, R"("parent":99)"), row(1, "", 0, 1)});
  until_batch(1);
  EXPECT_EQ(ask("select * from child"), "10|1");
  EXPECT_EQ(ask("select key, stage, sqlstate, state from penstock.dead_letter"), "{\"id\":11}|constraint|23503|open");
}

TEST_F(RejectTest, LetsTwoRowsSwapAUniqueValueBesideOneThatReallyClashes) {
  add_table("t", "id int primary key, v text unique");
  RunningApplier applier(options());
  send_batch(1, {row(1, R"("v":"a")"), row(2, R"("v":"b")"), row(3, R"("v":"c")"), row(4, R"("v":"d")")});
  send_batch(2, {row(1, R"("v":"b")"), row(2, R"("v":"a")"), row(3, R"("v":"d")")});
  until_batch(2);
  EXPECT_EQ(ask("select * from t order by id"), "1|b;2|a;3|c;4|d");
  EXPECT_EQ(ask("select key, sqlstate from penstock.dead_letter"), "{\"id\":3}|23505");
  EXPECT_EQ(ask(kBooks), "7|6|1");
}

TEST_F(RejectTest, NeverDeletesRowsThatACascadeWouldTakeAlong) {
  add_table("t", "id int primary key, v text unique");
  run_sql("create table other (t int references t on delete cascade)");
  RunningApplier applier(options());
  send_batch(1, {row(1, R"("v":"a")"), row(2, R"("v":"b")")});
  until_batch(1);
  run_sql("insert into other values (1)");
  send_batch(2, {row(1, R"("v":"b")"), row(2, R"("v":"a")")});
  until_batch(2);
  EXPECT_EQ(ask("select count(*) from other"), "1");
  EXPECT_EQ(ask("select count(*) from penstock.dead_letter"), "2");
}

TEST_F(RejectTest, ChecksDeferredConstraintsOfBRowByRow) {
  add_table("t", "id int primary key, parent int references t deferrable initially deferred");
  RunningApplier applier(options());
  send_batch(1, {row(2, R"("parent":1)"), row(1, R"("parent":null)"), row(3, R"("parent":77)")});
  until_batch(1);
  EXPECT_EQ(ask("select id from t order by id"), "1;2");
  EXPECT_EQ(ask("select key, sqlstate from penstock.dead_letter"), "{\"id\":3}|23503");
}

TEST_F(RejectTest, RejectsARowThatIsTooLargeForItsTopicByItsKey) {
  add_table("t", "id int primary key, v text");
  RunningApplier applier(options());
  send_batch(1, {row(1, R"("v":"a")"), {Op::update, R"({"id":2})", R"({"id":2})", 0, 0, true}});
  until_batch(1);
  EXPECT_EQ(ask("select id from t"), "1");
  EXPECT_EQ(ask("select key, stage, sqlstate from penstock.dead_letter"), "{\"id\":2}|data|54000");
}

TEST_F(RejectTest, SendsPositionAndKeyInsteadOfAValueTooLargeForTheDeadLetterTopic) {
  add_table("t", "id int primary key, v text check (length(v) < 5)");
  RunningApplier applier(options());
  send_batch(1, {row(1, "\"v\":\"" + std::string(8'388'000, 'x') + "\"")});
  until_batch(1);
  const auto letters = dead_letters(1);
  ASSERT_EQ(letters.size(), 1U);
  EXPECT_EQ(letters[0].second, "");
  EXPECT_NE(header(letters[0].first, "penstock.value_left_out"), "(none)");
  EXPECT_EQ(header(letters[0].first, "penstock.position"), "1/1/1/0");
}

TEST_F(RejectTest, PassesPoisonBetweenAndInsideBatches) {
  add_table("t", "id int primary key, v text");
  RunningApplier applier(options());
  const Made garbage{0, 0, "k", "no JSON at all"};
  const Made foreign{0, 0, "", R"({"op":"c","after":{}})"};
  const Made large{0, 0, "", std::string(2'000'000, '\x01')};
  send({garbage});
  until("select poison, step, batch from penstock.offsets order by epoch desc, batch desc, step desc limit 1", "1|1|0");
  std::vector<Made> made = batch(1, {row(1, R"("v":"a")"), row(2, R"("v":"b")")});
  made.insert(made.begin() + 1, {foreign, large});
  Made unknown = batch(2, {row(9, "")})[0];
  captured_[0] = 2;
  unknown.value.replace(unknown.value.find("src_0"), 5, "other");
  made.push_back(unknown);
  send(made);
  send_batch(2, {row(3, R"("v":"c")")});
  until_batch(2);
  EXPECT_EQ(ask("select * from t order by id"), "1|a;2|b;3|c");
  EXPECT_EQ(ask("select poison from penstock.offsets order by epoch desc, batch desc, step desc limit 1"), "4");
  EXPECT_EQ(ask("select origin_offset, stage, state from penstock.dead_letter order by 1"),
            "0|decode|open;2|decode|open;3|decode|open;5|decode|open");
  EXPECT_EQ(ask(kBooks), "3|3|0");
  EXPECT_EQ(dead_letters(4)[0].second, "no JSON at all");
}

}  // namespace
}  // namespace penstock::apply
