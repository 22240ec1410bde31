// Tables without a key on B: multisets of rows.
#include "support/target_line.hpp"

namespace penstock::apply {
namespace {

const char* const kBooks =
    "select books->'public.src_0'->>'captured', books->'public.src_0'->>'applied', "
    "books->'public.src_0'->>'rejected' from penstock.offsets order by batch desc, step desc limit 1";
const char* const kLedger =
    "select batch, cdc_id, stage, coalesce(rule, ''), coalesce(sqlstate, ''), state from penstock.dead_letter order by "
    "id";

class KeylessTest : public TargetLine {
 protected:
  void add_keyless(const std::string& name, const std::string& definition, std::vector<RuleSpec> rules = {}) {
    add_table(name, definition, 1, std::move(rules), {});
  }
};

TEST_F(KeylessTest, CountsEqualRowsAndTakesAwayAsManyAsWereDeleted) {
  add_keyless("t", "a int, v text");
  RunningApplier applier(options());
  const std::string one = R"({"a":1,"v":"x"})", two = R"({"a":2,"v":null})";
  send_batch(1, {added(one), added(one), added(one), added(one), added(one), added(two), added(two)});
  send_batch(2, {removed(one), removed(one), removed(two)});
  // One of the equal rows is updated; another comes and goes within the batch, a third is touched.
  send_batch(3, {changed(one, R"({"a":1,"v":"y"})"), added(two), removed(two), changed(two, two),
                 changed(R"({"a":1,"v":"y"})", R"({"a":1,"v":""})")});
  until_batch(3);
  EXPECT_EQ(ask("select *, count(*) from t group by 1, 2 order by 1, 2 nulls last"), "1||1;1|x|2;2||1");
  EXPECT_EQ(ask("select count(*) from t where v = ''"), "1");
  EXPECT_EQ(ask(kBooks), "15|15|0");
  send_batch(4, {removed(R"({"a":9,"v":"never there"})"), added(two)});
  send_batch(5, {truncated(), added(one)});
  until_batch(5);
  EXPECT_EQ(ask("select * from t"), "1|x");
  EXPECT_EQ(ask(kBooks), "19|19|0");
}

TEST_F(KeylessTest, TellsRowsApartByWhatIsStoredInTypesOfEveryKind) {
  run_sql(
      "create type pair as (a int, b text); create domain needed as int check (value is not null);"
      "create domain doc as jsonb");
  add_keyless(
      "t",
      "f float8, n numeric, j json, b doc, c char(5), big bigint, fixed numeric(10,2), at timestamptz, s int[], "
      "p pair, \"q'\"\"t\" text, twice int generated always as (big * 2) stored, must needed, nth int generated always "
      "as identity");
  const auto image = [](const std::string& f, const std::string& n, const std::string& j, const std::string& text) {
    return "{\"f\":" + f + ",\"n\":" + n + ",\"j\":\"" + j +
           R"(","b":"{\"a\": null}","c":"ab","big":7,"fixed":1.5,"at":"2020-01-01T00:00:00+02:00","s":"[2:3]={1,NULL}",)" +
           R"("p":{"a":1,"b":"x, y"},"q'\"t":)" + text + R"(,"twice":14,"must":3})";
  };
  const std::string quoted = R"("it's \"so\" \\ \n")";
  const std::vector<std::string> images{image("0", "1.0", "[1, 2]", quoted),  image("-0", "1.0", "[1, 2]", quoted),
                                        image("0", "1.00", "[1, 2]", quoted), image("0", "1.0", "[1,2]", quoted),
                                        image("0", "null", "null", quoted),   image("0", "1.0", "[1, 2]", "null"),
                                        image("0", "1.0", "[1, 2]", R"("")")};
  RunningApplier applier(options());
  std::vector<MadeChange> all;
  for (const auto& one : images) all.push_back(added(one));
  send_batch(1, all);
  until_batch(1);
  ASSERT_EQ(ask("select count(*) from t"), "7");
  // Written by somebody else before the composite got an attribute: it is the same row all the same.
  run_sql("alter type pair add attribute c int");
  for (std::size_t i = 0; i < images.size(); ++i) {
    SCOPED_TRACE(images[i]);
    const auto batch_no = static_cast<std::int64_t>(i + 2);
    send_batch(batch_no, {removed(images[i])});
    until_batch(batch_no);
    EXPECT_EQ(ask("select count(*), coalesce(min(nth), 8) from t"),
              std::to_string(images.size() - i - 1) + "|" + std::to_string(i + 2));
  }
  EXPECT_EQ(ask("select count(*) from penstock.dead_letter"), "0");
}

TEST_F(KeylessTest, TakesRowsOutOfPartitionsByTheirOwnPlace) {
  add_keyless("t", "a int, v text) partition by hash (a");
  run_sql(
      "create table t0 partition of t for values with (modulus 2, remainder 0);"
      "create table t1 partition of t for values with (modulus 2, remainder 1)");
  RunningApplier applier(options());
  std::vector<MadeChange> all, fewer;
  for (int i = 0; i < 40; ++i) {
    const std::string image = "{\"a\":" + std::to_string(i) + ",\"v\":\"x\"}";
    all.insert(all.end(), {added(image), added(image)});
    fewer.push_back(i % 2 == 0 ? removed(image)
                               : changed(image, "{\"a\":" + std::to_string(i + 100) + ",\"v\":\"y\"}"));
  }
  send_batch(1, all);
  send_batch(2, fewer);
  until_batch(2);
  EXPECT_EQ(ask("select count(*), count(distinct a), count(*) filter (where v = 'y') from t"), "60|60|20");
}

TEST_F(KeylessTest, MovesUniqueValuesBetweenRowsAlsoAcrossPieces) {
  add_keyless("t", "u int unique, v text");
  limits_.records_max = 2;
  RunningApplier applier(options());
  const auto image = [](int u, const std::string& v) {
    return "{\"u\":" + std::to_string(u) + ",\"v\":\"" + v + "\"}";
  };
  send_batch(1, {added(image(1, "a")), added(image(2, "b")), added(image(3, "c")), added(R"({"u":null,"v":"d"})")});
  send_batch(2, {changed(image(1, "a"), image(2, "a")), changed(image(2, "b"), image(1, "b"))});
  // A ring over three: its pieces alone would clash.
  send_batch(
      3, {changed(image(2, "a"), image(1, "a")), added(R"({"u":null,"v":"d"})"), changed(image(3, "c"), image(2, "c")),
          added(R"({"u":null,"v":"d"})"), changed(image(1, "b"), image(3, "b"))});
  until_batch(3);
  EXPECT_EQ(ask("select u, v from t order by u, v"), "1|a;2|c;3|b;|d;|d;|d");
  EXPECT_EQ(ask("select count(*) from penstock.dead_letter"), "0");
  EXPECT_EQ(ask(kBooks), "11|11|0");
}

// As a statement is journaled whose rows a user's trigger changes again, and again.
TEST_F(KeylessTest, TakesAwayWhatALaterPieceOfTheBatchAdds) {
  add_keyless("t", "a int, v text", {{"positive", "a > 0"}});
  limits_.records_max = 2;
  RunningApplier applier(options());
  const auto image = [](int a, const std::string& v) {
    return "{\"a\":" + std::to_string(a) + ",\"v\":\"" + v + "\"}";
  };
  send_batch(1, {added(image(1, "")), added(image(2, "")), added(image(3, ""))});
  send_batch(2, {changed(image(2, "x"), image(2, "x!")), changed(image(1, "x"), image(1, "x!")),
                 changed(image(1, "x!"), image(1, "x!!")), changed(image(-3, "x"), image(3, "x!")),
                 changed(image(1, ""), image(1, "x")), changed(image(2, ""), image(2, "x")),
                 changed(image(3, ""), image(-3, "x")), added(image(4, ""))});
  until_batch(2);
  EXPECT_EQ(ask("select * from t order by 1"), "1|x!!;2|x!;3|x!;4|");
  EXPECT_EQ(ask("select count(*) from penstock.dead_letter"), "0");
  EXPECT_EQ(ask(kBooks), "11|11|0");
  // What is owed at the end of a batch is no debt of the next.
  send_batch(3, {removed(image(5, "")), added(image(6, "")), added(image(7, ""))});
  send_batch(4, {added(image(5, ""))});
  until_batch(4);
  EXPECT_EQ(ask("select a from t order by 1"), "1;2;3;4;5;6;7");
}

TEST_F(KeylessTest, TakesTheOldRowAwayWhereTheNewOneIsRejectedAndGoesOnFromThere) {
  add_keyless("t", "a int, d date, u int constraint small_u check (u < 10)", {{"positive", "a > 0"}});
  RunningApplier applier(options());
  const std::string good = R"({"a":1,"d":"2020-01-01","u":1})", rule = R"({"a":-1,"d":"2020-01-01","u":1})",
                    data = R"({"a":1,"d":"no date","u":1})", check = R"({"a":1,"d":"2020-01-01","u":11})";
  send_batch(1, {added(good), added(good), added(good), added(good), added(data), added(rule), added(rule)});
  send_batch(2, {changed(good, rule), changed(good, data), changed(good, check)});
  until_batch(2);
  EXPECT_EQ(ask("select * from t"), "1|2020-01-01|1");
  EXPECT_EQ(ask(kBooks), "10|4|6");
  EXPECT_EQ(ask("select count(distinct key), bool_and(key ~ '^[0-9a-f]{32}$') from penstock.dead_letter"), "3|t");
  EXPECT_EQ(ask("select stage, rule, sqlstate, count(*) from penstock.dead_letter where key = md5('" + rule +
                "') group by 1, 2, 3"),
            "rule|positive||3");
  // One of three equal rejects is put right, one deleted; the others are open still.
  send_batch(3, {changed(rule, good), removed(rule), changed(data, good), removed(check)});
  until_batch(3);
  EXPECT_EQ(ask("select *, count(*) from t group by 1, 2, 3"), "1|2020-01-01|1|3");
  EXPECT_EQ(ask("select stage, count(*) from penstock.dead_letter where state = 'open' group by 1 order by 1"),
            "data|1;rule|1");
  // What comes and goes within a batch is neither applied nor rejected; what goes bad twice is rejected as often as it
  // is there.
  send_batch(4, {added(check), changed(check, rule), changed(rule, check), removed(check), changed(good, rule)});
  until_batch(4);
  EXPECT_EQ(ask("select batch, cdc_id, rule from penstock.dead_letter where batch > 2"), "4|5|positive");
  EXPECT_EQ(ask(kBooks), "19|12|7");
  // An old row that no type of B takes, and of which no reject is open any more, is not there.
  send_batch(5, {removed(data), removed(data), changed(data, good)});
  until_batch(5);
  EXPECT_EQ(ask("select *, count(*) from t group by 1, 2, 3"), "1|2020-01-01|1|3");
  send_batch(6, {truncated(), added(good)});
  until_batch(6);
  EXPECT_EQ(ask("select count(*) from penstock.dead_letter where state = 'open'"), "0");
}

TEST_F(KeylessTest, AnUpdateThatChangesNothingGivesARejectAnotherTurn) {
  add_keyless("t", "a int, u int constraint small_u check (u < 10)");
  RunningApplier applier(options());
  const std::string image = R"({"a":1,"u":11})";
  send_batch(1, {added(image), added(image)});
  send_batch(2, {changed(image, image)});
  until_batch(2);
  EXPECT_EQ(ask("select batch, cdc_id, state from penstock.dead_letter order by id"),
            "1|1|superseded;1|2|open;2|1|open");
  run_sql("alter table t drop constraint small_u");
  send_batch(3, {changed(image, image), changed(image, image), changed(image, image)});
  until_batch(3);
  EXPECT_EQ(ask("select *, count(*) from t group by 1, 2"), "1|11|2");
  EXPECT_EQ(ask("select count(*) from penstock.dead_letter where state = 'open'"), "0");
  EXPECT_EQ(ask(kBooks), "6|3|3");
}

TEST_F(KeylessTest, FollowsTheColumnsInOneBatchAndTypesThatAreWrittenDifferently) {
  add_keyless("t", "a int, b int default 5, c numeric(10,3)");
  limits_.records_max = 3;
  RunningApplier applier(options());
  send_batch(1, {added(R"({"a":1})"), added(R"({"a":2})"), added(R"({"a":3})"),
                 changed(R"({"a":1,"b":5})", R"({"a":1,"b":6})"), removed(R"({"a":2,"b":5})"),
                 added(R"({"a":4,"b":6})"), changed(R"({"b":6})", R"({"b":7})")});
  until_batch(1);
  EXPECT_EQ(ask("select count(*), sum(b), count(*) filter (where b = 7) from t"), "3|18|1");
  // A altered the column's type between two changes of a row: 1.50 was written, and 1.500 is removed.
  send_batch(2, {added(R"({"a":8,"c":1.50})"), removed(R"({"a":8,"c":1.500})")});
  until_batch(2);
  EXPECT_EQ(ask("select count(*) from t where a = 8"), "0");
  EXPECT_EQ(ask(kBooks), "9|9|0");
}

TEST_F(KeylessTest, WaitsForAColumnIgnoresItOrRejectsItsRows) {
  add_keyless("t", "a int");
  tables_[0].on_drift = PipelineSpec::OnDrift::reject;
  add_keyless("waits", "a int");
  add_keyless("ignores", "a int");
  tables_[2].on_drift = PipelineSpec::OnDrift::ignore;
  const auto with_table = [](MadeChange change, std::size_t table) {
    change.table = table;
    return change;
  };
  const std::string two = R"({"a":2,"n":1})";
  RunningApplier applier(options());
  send_batch(1, {added(R"({"a":1})"), added(two), added(two), changed(R"({"a":1,"n":null})", two)});
  until_batch(1);
  EXPECT_EQ(ask("select count(*) from t"), "0");
  EXPECT_EQ(ask("select stage, state, count(*) from penstock.dead_letter group by 1, 2"), "drift|open|3");
  send_batch(2, {with_table(added(R"({"a":1,"n":1})"), 2), with_table(added(R"({"a":1,"n":2})"), 2),
                 with_table(removed(R"({"a":1,"n":1})"), 2)});
  until_batch(2);
  EXPECT_EQ(ask("select * from ignores"), "1");
  send_batch(3, {with_table(added(two), 1), removed(two)});
  std::this_thread::sleep_for(300ms);
  EXPECT_EQ(ask("select max(batch) from penstock.offsets"), "2");
  run_sql("alter table waits add n int; alter table t add n int");
  until_batch(3);
  EXPECT_EQ(ask("select * from waits"), "2|1");
  send_batch(4, {changed(two, two)});
  until_batch(4);
  EXPECT_EQ(ask("select * from t"), "2|1");
  EXPECT_EQ(ask("select state, count(*) from penstock.dead_letter group by 1 order by 1"), "open|1;superseded|2");
}

TEST_F(KeylessTest, RejectsARowThatWasTooLargeAndTakesNoOtherAway) {
  add_keyless("t", "a int");
  RunningApplier applier(options());
  send_batch(
      1, {added(R"({"a":1})"), {Op::create, "{}", "", 0, 0, true}, {Op::update, "{}", "", 0, 0, true}, removed("{}")});
  until_batch(1);
  EXPECT_EQ(ask("select * from t"), "1");
  EXPECT_EQ(ask("select op, stage, sqlstate from penstock.dead_letter order by cdc_id"),
            "c|data|54000;u|data|54000;d|data|54000");
  EXPECT_EQ(ask(kBooks), "4|1|3");
}

TEST_F(KeylessTest, WritesThreeHundredColumns) {
  std::string definition, image = "{", other;
  for (int i = 0; i < 300; ++i) {
    const std::string name = "c" + std::to_string(i);
    definition += (i == 0 ? "" : ", ") + name + (i % 2 == 0 ? " int" : " text");
    image += (i == 0 ? "\"" : ",\"") + name + "\":" + (i % 2 == 0 ? "1" : "\"v\"");
  }
  other = image;
  other.back() = '\'';
  other += "\"}";
  image += "}";
  add_keyless("t", definition);
  RunningApplier applier(options());
  send_batch(1, {added(image), added(image), added(image)});
  send_batch(2, {changed(image, other), removed(image)});
  until_batch(2);
  EXPECT_EQ(ask("select c299, count(*) from t group by 1 order by 1"), "v|1;v'|1");
}

}  // namespace
}  // namespace penstock::apply
