// Every kind of statement that changes rows, through the whole line. Each ends with A = B, nothing rejected.
#include <gtest/gtest.h>

#include "support/line.hpp"
#include "support/own_server.hpp"

namespace penstock::test {
namespace {

class Statements : public testing::Test {
 protected:
  // CREATE statements for both sides; the tables are t and those named.
  void create(const std::string& sql, const std::vector<std::string>& tables = {"t"}, const std::string& options = "") {
    line_.on_both(sql);
    std::string configuration;
    for (const auto& table : tables) configuration += "[[table]]\nsource = \"public." + table + "\"\n" + options;
    line_.configure(configuration);
    line_.migrate_and_copy();
  }
  void write(const std::string& sql) { line_.a().run(sql); }
  void expect_equal(const std::string& table = "t") {
    line_.expect_equal(table, table, "id");
    EXPECT_EQ(line_.admin_b().value("select count(*) from penstock.dead_letter where state = 'open'"), "0");
  }
  std::string on_b(const std::string& sql) { return line_.b().value(sql); }

  Line line_;
};

TEST_F(Statements, UpdatesOfAKeyAndSwapsOfUniqueValues) {
  create("create table t (id int primary key, u int unique deferrable, v int unique)");
  write("insert into t select g, g, g from generate_series(1, 20) as g");
  write("update t set id = id + 100 where id <= 5; update t set id = -id where id > 100");
  write("update t set u = case u when 6 then 7 else 6 end where u in (6, 7)");
  write(
      "begin; update t set v = -1 where v = 8; update t set v = 8 where v = 9; update t set v = 9 where v = -1; "
      "commit");
  write(
      "begin; update t set id = 1000 where id = 10; update t set id = 10 where id = 11; update t set id = 11 where id "
      "= 1000; "
      "commit");
  expect_equal();
}

TEST_F(Statements, UpsertAndMerge) {
  create("create table t (id int primary key, n int, v text)");
  write("insert into t select g, g, 'a' from generate_series(1, 10) as g");
  write(
      "insert into t values (1, 1, 'new'), (11, 11, 'new') on conflict (id) do update set v = excluded.v where t.n < "
      "5");
  write("insert into t values (2, 2, 'kept'), (12, 12, 'new') on conflict do nothing");
  write(
      "merge into t using (values (3), (4), (13)) as s (k) on t.id = s.k when matched and s.k = 3 then delete "
      "when matched then update set v = 'merged' when not matched then insert values (s.k, s.k, 'merged')");
  write("merge into t using (values (5)) as s (k) on t.id = s.k when matched then do nothing");
  expect_equal();
  EXPECT_EQ(on_b("select string_agg(id || v, ' ' order by id) from t where v <> 'a'"),
            "1new 4merged 11new 12new 13merged");
}

// What is there already is copied in an order that B's foreign keys can bear: into other tables, into the table itself
// (a row whose parent has a greater key), and in a ring.
TEST_F(Statements, ForeignKeysAmongRowsThatAreThereAlready) {
  line_.on_both(
      "create table z (id int primary key); create table y (id int primary key, z int references z);"
      "create table b (id int primary key, y int references y, z int references z);"
      "create table node (id int primary key, up int references node, v int);"
      "create table egg (id int primary key, hen int); create table hen (id int primary key, egg int references egg);"
      "alter table egg add foreign key (hen) references hen deferrable;"
      "create table a (id int primary key, hen int references hen)");
  write(
      "insert into z select generate_series(1, 3000); insert into y select g, g from generate_series(1, 3000) as g;"
      "insert into b select g, g, 3001 - g from generate_series(1, 3000) as g;"
      "insert into node select g, case when g % 100 > 0 then g + 1 end, 0 from generate_series(1, 7000) as g;"
      "insert into egg select generate_series(1, 500); insert into hen select g, g + 1 from generate_series(1, 499) as "
      "g;"
      "update egg set hen = id - 1 where id > 1; insert into a select g, g from generate_series(1, 400) as g");
  std::string tables;
  for (const auto* table : {"a", "b", "egg", "hen", "node", "y", "z"}) {
    tables += std::string("[[table]]\nsource = \"public.") + table + "\"\n";
  }
  line_.configure(tables);
  line_.migrate_and_copy();
  for (const auto* table : {"a", "b", "egg", "hen", "node", "y", "z"}) expect_equal(table);
  write("update node set v = 1 where id < 2000");
  EXPECT_EQ(line_.run({"backfill", "public.node", "--no-wait"}).code, 0);
  expect_equal("node");
}

// Neither row can be there before the other as they end: B goes the way that A went.
TEST_F(Statements, RowsThatReferToEachOtherInOneTransaction) {
  create(
      "create table t (id int primary key, hen int); create table hen (id int primary key, t int not null references "
      "t);"
      "alter table t add foreign key (hen) references hen",
      {"t", "hen"});
  write("insert into t values (1, null), (2, null)");
  write(
      "begin; insert into t values (3, null); insert into hen values (30, 3); update t set hen = 30 where id = 3; "
      "commit");
  write(
      "begin; insert into t select generate_series(10, 19); insert into hen select g + 100, g from generate_series(10, "
      "19) as g;"
      "update t set hen = id + 100 where id >= 10; update t set hen = null where id = 3; delete from hen where id = "
      "30; commit");
  expect_equal();
  expect_equal("hen");
}

TEST_F(Statements, Copy) {
  create("create table t (id int primary key, v text)");
  Database a = line_.a();
  std::string rows;
  for (int i = 0; i < 3'000; ++i) rows += std::to_string(i) + "\ttext \\\\ " + std::to_string(i) + "\\n\n";
  a.copy_in("copy t from stdin", rows);
  a.run("begin; create temp table c (like t); insert into c select id + 5000, v from t");
  a.run("truncate t; commit");
  a.copy_in("copy t from stdin (format csv)", "1,\"a \"\"quoted\"\" one\"\n2,\n");
  expect_equal();
}

TEST_F(Statements, TruncateInOrderWithCascadeAndTwice) {
  create(
      "create table t (id int primary key, v int); create table child (id int primary key, t int references t); "
      "create table other (id int primary key, v int)",
      {"t", "child", "other"});
  write("insert into t values (1, 1), (2, 2); insert into child values (1, 1); insert into other values (1, 1)");
  write("begin; truncate t cascade; insert into t values (3, 3); insert into other values (2, 2); commit");
  write(
      "begin; insert into child values (3, 3); truncate child, t; insert into other values (3, 3); truncate t cascade; "
      "insert into t values (4, 4); insert into child values (4, 4); commit");
  write("truncate only other; insert into other values (9, 9)");
  for (const char* table : {"t", "child", "other"}) expect_equal(table);
  EXPECT_EQ(on_b("select (select count(*) from t) || ' ' || (select count(*) from child) || ' ' || (select count(*) "
                 "from other)"),
            "1 1 1");
}

TEST_F(Statements, TruncateBehindRowsWhoseConstraintsAreDeferred) {
  create(
      "create table t (id int primary key, v int); create table child (id int primary key, t int references t on "
      "delete "
      "cascade deferrable initially deferred)",
      {"t", "child"});
  // One batch: nothing reads while they are written.
  write("begin; insert into child values (1, 1), (2, 2); insert into t values (1, 1), (2, 2); commit");
  write("insert into t values (3, 3); insert into child values (3, 3)");
  write("truncate t cascade");
  write("insert into t values (4, 4); insert into child values (4, 4)");
  for (const char* table : {"t", "child"}) expect_equal(table);
}

TEST_F(Statements, TruncateOfWhatOnlyBRefersToDeletesAsItsForeignKeySays) {
  create(
      "create table t (id int primary key, v int); create table off (id int primary key, v int);"
      "create table follows (t int references t on delete cascade); create table holds (t int references t)",
      {"t", "off"});
  line_.a().run("drop table follows, holds");
  write("insert into t values (1, 1), (2, 2)");
  line_.once();
  line_.b().run("insert into follows values (1), (2); insert into holds values (1)");
  const Process replicator = line_.start();
  write("begin; truncate t; insert into t values (2, 3); commit");
  ASSERT_TRUE(line_.logs("public.t was truncated on A, but rows of B refer to it")) << line_.log();
  EXPECT_EQ(on_b("select count(*) from t"), "2");
  line_.b().run("delete from holds");
  EXPECT_TRUE(line_.b().becomes("select string_agg(id || '=' || v, ' ') from t", "2=3", 5));
  EXPECT_EQ(on_b("select count(*) from follows"), "0");
  expect_equal();
}

TEST_F(Statements, SavepointsRolledBackLeaveNothing) {
  create("create table t (id int primary key, v int)");
  write(
      "begin; insert into t values (1, 1); savepoint a; update t set v = 2; savepoint b; delete from t; rollback to b; "
      "insert into t values (2, 2); rollback to a; insert into t values (3, 3); savepoint c; truncate t; rollback to "
      "c; "
      "update t set v = 5 where id = 3; commit");
  write("begin; insert into t values (4, 4); rollback");
  write(
      "do $$ begin for i in 10..40 loop begin insert into t values (i, i); if i % 3 = 0 then raise exception 'x'; end "
      "if; "
      "exception when raise_exception then null; end; end loop; end $$");
  expect_equal();
  EXPECT_EQ(on_b("select string_agg(id || '=' || v, ' ' order by id) from t where id < 10"), "1=1 3=5");
}

TEST_F(Statements, CascadesAndForeignKeyCyclesBetweenCapturedTables) {
  create(
      "create table t (id int primary key, c int); create table child (id int primary key, t int references t on "
      "delete "
      "cascade on update cascade); alter table t add foreign key (c) references child on delete set null deferrable "
      "initially deferred",
      {"t", "child"});
  write(
      "begin; insert into t values (1, 1), (2, 2), (3, null); insert into child values (1, 1), (2, 2), (3, 2); commit");
  write("update t set id = 20 where id = 2");
  write("delete from child where id = 1");
  write("delete from t where id = 20");
  write("begin; insert into t values (5, 5); insert into child values (5, 5); delete from t where id = 5; commit");
  for (const char* table : {"t", "child"}) expect_equal(table);
}

TEST_F(Statements, TriggersOnBFireAndUniqueIndexesOfItsOwnHold) {
  line_.b().run("create table log (id int, v int)");
  create("create table t (id int primary key, u int, v int)");
  line_.b().run(
      "create unique index on t (u);"
      "create function note() returns trigger language plpgsql security definer as $$ begin insert into public.log "
      "values (new.id, new.v); return null; end $$;"
      "create trigger note after insert or update on t for each row execute function note()");
  write("insert into t values (1, 1, 1), (2, 2, 2), (3, 3, 3)");
  expect_equal();
  EXPECT_EQ(on_b("select count(*) from log"), "3");
  write(
      "begin; update t set u = -1 where id = 1; update t set u = 1 where id = 2; update t set u = 2 where id = 1; "
      "commit");
  write("begin; delete from t where id = 3; insert into t values (4, 3, 4); commit");
  expect_equal();
}

TEST_F(Statements, ReplicaRoleOnAIsCapturedLikeAnyOther) {
  create("create table t (id int primary key, v int)");
  line_.admin_a().run(
      "set session_replication_role = replica; insert into t values (1, 1), (2, 2); update t set v = 3 where id = "
      "1; delete from t where id = 2");
  expect_equal();
  EXPECT_EQ(on_b("select id || '=' || v from t"), "1=3");
}

TEST(PreparedTransactions, AreDeliveredOnceTheyCommit) {
  const OwnServer own("a", "max_prepared_transactions=10");
  Line line(own.servers);
  line.on_both("create table t (id int primary key, v int)");
  line.configure("[[table]]\nsource = \"public.t\"\n");
  line.migrate_and_copy();
  const Process replicator = line.start();
  Database a = line.a();
  a.run("begin; insert into t values (1, 1), (2, 2); update t set v = 5 where id = 1");
  a.run("prepare transaction 'committed later'");
  a.run("begin; insert into t values (3, 3)");
  a.run("prepare transaction 'never'");
  a.run("insert into t values (4, 4)");
  EXPECT_TRUE(line.b().becomes("select string_agg(id::text, ' ' order by id) from t", "4", 5));
  a.run("commit prepared 'committed later'");
  EXPECT_TRUE(line.b().becomes("select string_agg(id::text, ' ' order by id) from t", "1 2 4", 5));
  a.run("rollback prepared 'never'");
  line.expect_equal("t", "t", "id");
}

TEST_F(Statements, EmptyOnesLeaveNothing) {
  create("create table t (id int primary key, v int)");
  write("insert into t values (1, 1)");
  line_.once();
  const long long captured = line_.book("captured", "public.t");
  write(
      "update t set v = 2 where false; delete from t where id = 7; insert into t select 5, 5 where false; "
      "insert into t values (1, 9) on conflict do nothing; truncate t; insert into t values (1, 1)");
  expect_equal();
  EXPECT_EQ(line_.book("captured", "public.t"), captured + 2);
}

TEST_F(Statements, NamesOfEveryKind) {
  const std::string longest(63, 'x');
  create("create table t (id int primary key, \"select\" int, \"Mixed Case\" text, \"quo\"\"te\" text, \"" + longest +
         "\" int, \"penstock_x\" int, \"%s\" int, \"a.b\" int, \"{x}\" int, \"ünï\" text)");
  write("insert into t values (1, 1, 'a', 'b', 2, 3, 4, 5, 6, 'c')");
  write(
      "update t set \"Mixed Case\" = 'new', \"{x}\" = 7; insert into t (id) values (2), (3); delete from t where id = "
      "3");
  expect_equal();
}

TEST_F(Statements, SixteenHundredColumns) {
  std::string columns;
  for (int i = 1; i < 1'600; ++i) columns += ", c" + std::to_string(i) + " int";
  create("create table t (id int primary key" + columns + ")");
  write(
      "insert into t (id, c1, c1599) select g, g, g from generate_series(1, 50) as g; update t set c800 = id; delete "
      "from t "
      "where id > 40");
  expect_equal();
}

}  // namespace
}  // namespace penstock::test
