// Tables without a key: whatever is done to one, what the journal says came, less what it says went, is the table.
#include <gmock/gmock.h>

#include "support/line.hpp"

namespace penstock::test {
namespace {

using testing::HasSubstr;

class Multiset : public testing::Test {
 protected:
  void create(const std::string& a, const std::string& b = "create table t (a int, b text)") {
    line_.a().run(a);
    line_.b().run(b);
    line_.configure("[[table]]\nsource = \"public.t\"\n");
    line_.migrate();
  }
  void run(const std::string& sql) {
    line_.a().run(sql);
    EXPECT_EQ(line_.admin_a().value(kDifference), "NULL") << sql;
  }

  // Rows whose count in the journal, behind the last TRUNCATE, is not the table's.
  static constexpr const char* kDifference =
      "with behind as (select c.* from penstock.emp_changes as c where cdc_id > coalesce((select max(cdc_id) from "
      "penstock.emp_cdc where action = 'truncate'), 0)) "
      "select string_agg(image || ' ' || n, ', ') from (select image, sum(n) as n from "
      "(select new_row::text, 1 from behind where new_row is not null union all "
      "select old_row::text, -1 from behind where old_row is not null union all "
      "select row_to_json(t)::text, -1 from t) as s (image, n) group by image having sum(n) <> 0) as d";

  Line line_;
};

TEST_F(Multiset, EveryStatementIsJournaledWhole) {
  create("create table t (a int, b text)");
  run("insert into t values (1, 'x'), (1, 'x'), (1, 'x'), (2, null), (null, null)");
  run("update t set b = 'y' where a = 1");
  run("update t set a = a + 1");
  run("delete from t where ctid = (select min(ctid) from t where a = 2)");
  run("insert into t select i, 'i' || i % 3 from generate_series(1, 1000) as i; update t set b = b || '!' where a % 2 "
      "= 0");
  run("delete from t where a % 5 = 0");
  run("begin; insert into t values (7, 'g'); savepoint s; delete from t; rollback to s; update t set a = 0; commit");
  run("insert into t select from generate_series(1, 0); update t set a = 1 where false; delete from t where false");
  run("merge into t using (values (0), (5000)) as v (k) on t.a = v.k when matched then delete when not matched then "
      "insert values (k, 'merged')");
  run("with d as (delete from t where a = 5000 returning *) insert into t select * from d");
  run("truncate t; insert into t values (1, 'x'), (1, 'x')");
}

TEST_F(Multiset, WhatNestsInAStatementIsCountedOnce) {
  create(
      "create table t (a int, b text);"
      "create function again() returns trigger language plpgsql as 'begin if new.a < 5 then insert into t values "
      "(new.a + 1, new.b); update t set b = b || new.a; delete from t where a = 3; end if; return new; end';"
      "create trigger again after insert on t for each row execute function again();"
      "create function own() returns trigger language plpgsql as 'begin if new.b not like ''%!'' then update t set b = "
      "b || ''!'' where a = new.a; end if; return new; end';"
      "create trigger aa after update on t for each row execute function own()");
  run("insert into t values (1, 'n'), (2, 'm')");
  run("update t set b = 'z'");
}

TEST_F(Multiset, LargeRowsGoOneByOneAndOneThatIsTooLargeBecomesADeadLetter) {
  create("create table t (a int, b text)");
  run("insert into t select i, repeat(chr(64 + i), 2000000) from generate_series(1, 3) as i; insert into t values (9, "
      "'s')");
  run("update t set a = a + 1");
  run("delete from t where a > 3");
  line_.a().run("insert into t values (1, repeat(e'\\x01', 180000000))");
  EXPECT_EQ(line_.admin_a().value(
                "select string_agg(action || old_rows, ' ') from penstock.emp_cdc where action = 'oversize'"),
            "oversize{}");
}

TEST_F(Multiset, AnAlteredTableIsJournaledAsItIs) {
  create("create table t (a int, b text, j jsonb[])", "create table t (a int, b text, j jsonb[])");
  run("insert into t values (1, 'x'), (2, 'y')");
  line_.a().run("alter table t add column n int default 3, add column k json");
  line_.a().run(
      "update t set n = 4 where a = 1; delete from t where a = 2; alter table t rename b to c; insert into t (c) "
      "values ('c')");
  EXPECT_EQ(line_.admin_a().value("select string_agg(concat(old_row, '>', new_row), ' ' order by cdc_id, ordinal) from "
                                  "penstock.emp_changes where cdc_id > 1"),
            R"({"a":1,"b":"x","j":null,"n":3,"k":null}> >{"a":1,"b":"x","j":null,"n":4,"k":null} )"
            R"({"a":2,"b":"y","j":null,"n":3,"k":null}> >{"a":null,"c":"c","j":null,"n":3,"k":null})");
}

TEST_F(Multiset, PartitionsOfATableWithoutAKey) {
  create(
      "create table t (a int, b text) partition by range (a);"
      "create table low partition of t for values from (minvalue) to (10);"
      "create table high partition of t for values from (10) to (maxvalue)");
  run("insert into t values (1, 'x'), (1, 'x'), (11, 'y')");
  run("update t set a = a + 9");
  run("update low set b = 'direct'; insert into high values (12, 'direct')");
  run("insert into t select i, 'p' from generate_series(1, 200) as i; truncate high");
}

TEST_F(Multiset, AKeyThatIsDeclaredOrDeferrableIsNoMultiset) {
  line_.on_both("create table t (a int, b text)");
  line_.configure("[[table]]\nsource = \"public.t\"\nkey = [\"a\"]\n");
  const Finished nullable = line_.run({"migrate"});
  EXPECT_EQ(nullable.code, 2);
  EXPECT_THAT(nullable.err, HasSubstr("may be NULL"));
  line_.on_both("alter table t add primary key (a) deferrable");
  line_.configure("[[table]]\nsource = \"public.t\"\n");
  EXPECT_THAT(line_.run({"migrate"}).err, HasSubstr("deferrable"));
}

}  // namespace
}  // namespace penstock::test
