// The cases that broke the first draft of the capture. Each goes through the whole line.
#include <csignal>
#include <thread>

#include "e2e/traps.hpp"

namespace penstock::test {
namespace {

using namespace std::chrono_literals;

TEST_F(Traps, Trap01_AFunctionInReturningUpdatesOrDeletesTheRow) {
  create("id int primary key, v int");
  write(
      "create function f(i int) returns int language plpgsql as $$ begin update t set v = 100 + i where id = i; return "
      "i; end $$;"
      "create function g(i int) returns int language plpgsql as $$ begin delete from t where id = i; return i; end $$");
  begin();
  write("insert into t values (1, 1) returning f(id)");
  write("with i as (insert into t values (2, 1) returning id) select f(id) from i");
  write("insert into t values (3, 1), (4, 1)");
  write("update t set v = 2 where id = 3 returning g(id)");
  expect_equal();
  EXPECT_EQ(on_b("select string_agg(id || '=' || v, ' ' order by id) from t"),
            line_.a().value("select string_agg(id || '=' || v, ' ' order by id) from t"));
}

TEST_F(Traps, Trap01_UsersTriggersThatWriteTheirOwnRow) {
  create("id int primary key, v int");
  write(
      "create function up() returns trigger language plpgsql as $$ begin if pg_trigger_depth() < 2 then "
      "update t set v = v + 1000 where id = new.id; end if; return null; end $$;"
      "create function del() returns trigger language plpgsql as $$ begin if new.v < 0 then delete from t where id = "
      "new.id; end if; return null; end $$");
  begin();
  // One that sorts before ours, one behind.
  write(
      "create trigger a_first after insert or update on t for each row execute function up();"
      "create trigger zz_last after insert or update on t for each row execute function del()");
  write("insert into t values (1, 1), (2, 2), (3, -5000)");
  write("update t set v = 7 where id = 1");
  write("update t set v = -9000 where id = 2");
  expect_equal();
  EXPECT_EQ(on_b("select count(*) from t"), "1");
}

TEST_F(Traps, Trap02_ADeleteIsQueuedBehindTheInsertOfItsRow) {
  create("id int primary key, v int");
  begin();
  write("insert into t values (1, 1), (2, 2)");
  write(
      "with d1 as (delete from t where id = 1 returning id), i as (insert into t select id, 10 from d1 returning id), "
      "d2 as (delete from t where id = 2 and exists (select from i) returning id) select * from i, d2");
  expect_equal();
}

TEST_F(Traps, Trap03_CascadesOfASelfReferencingTable) {
  create("id int, sub int, parent int, parent_sub int, v int, primary key (id, sub)");
  write(
      "alter table t add foreign key (parent, parent_sub) references t (id, sub) on delete cascade on update cascade");
  begin();
  write(
      "insert into t values (1, 1, null, null, 0), (2, 1, 1, 1, 0), (3, 1, 2, 1, 0), (4, 1, null, null, 0), (5, 5, 5, "
      "5, 0)");
  write("with d as (delete from t where id = 1 returning id) insert into t select 9, 9, null, null, count(*) from d");
  write("update t set sub = sub + 100 where id in (4, 5)");
  line_.once();
  EXPECT_EQ(on_b("select string_agg(t::text, ' ' order by id, sub) from t"),
            line_.a().value("select string_agg(t::text, ' ' order by id, sub) from t"));
  EXPECT_EQ(line_.run({"verify"}).code, 0);
}

TEST_F(Traps, Trap03_ACascadeIntoTheKeyLeavesNoGhost) {
  create("id int, grp int, boss int, primary key (grp, id)");
  write("alter table t add foreign key (grp, boss) references t (grp, id) on update cascade deferrable");
  begin();
  write("insert into t values (1, 1, 1), (2, 1, 1), (3, 1, 2)");
  write("update t set grp = 2 where id = 1");
  line_.once();
  EXPECT_EQ(on_b("select string_agg(t::text, ' ' order by grp, id) from t"),
            line_.a().value("select string_agg(t::text, ' ' order by grp, id) from t"));
  EXPECT_EQ(line_.run({"verify"}).code, 0);
}

TEST_F(Traps, Trap04_ATriggerThatWritesToTheLeafOfAPartitionedTable) {
  line_.a().run(
      "create table t (id int primary key, v int) partition by range (id);"
      "create table t_low partition of t for values from (0) to (100); create table t_high partition of t for values "
      "from (100) to (200);"
      "create function leaf() returns trigger language plpgsql as $$ begin if pg_trigger_depth() < 2 then "
      "execute format('update %I set v = v + 1 where id = $1', tg_table_name) using new.id; end if; return null; end "
      "$$;"
      "create trigger a_leaf after insert on t for each row execute function leaf()");
  line_.b().run("create table t (id int primary key, v int)");
  line_.configure("[[table]]\nsource = \"public.t\"\n");
  begin();
  write("insert into t values (1, 10), (101, 20)");
  write("insert into t_low values (2, 30)");
  write("update t set id = 150 where id = 1");
  write("update t_high set v = v * 2");
  write("delete from t_low where id = 2");
  expect_equal();
}

TEST_F(Traps, Trap05_ManyPiecesKeepTheOrderOfTheStatement) {
  create("id int primary key, v int");
  begin();
  write("insert into t select g, g from generate_series(1, 20000) as g");
  write("update t set v = v + 1");
  expect_equal();
  // The journal itself: pieces in the order of the statement.
  EXPECT_EQ(
      line_.admin_a().value("select count(*) from (select (new_row ->> 'id')::int - lag((new_row ->> 'id')::int) over "
                            "(order by cdc_id, ordinal) as step "
                            "from penstock.emp_changes where action = 'insert') as s where step <> 1"),
      "0");
}

TEST_F(Traps, Trap06_KeysThatMoveInOneStatement) {
  create("id int primary key, v int");
  begin();
  // In descending order on disk, so that an immediate index lets every key move up by one.
  write("insert into t select g, g from generate_series(500, 1, -1) as g");
  write("update t set id = id + 1");
  write(
      "begin; update t set id = -1 where id = 2; update t set id = 2 where id = 3; update t set id = 3 where id = -1; "
      "commit");
  write("update t set id = id + 100000 where id % 2 = 0");
  expect_equal();
}

TEST_F(Traps, Trap06_ADeferrableKeyIsRefusedWithTheReason) {
  line_.a().run("create table t (id int primary key deferrable, v int)");
  line_.b().run("create table t (id int primary key, v int)");
  line_.configure("[[table]]\nsource = \"public.t\"\n");
  const Finished refused = line_.run({"migrate"});
  EXPECT_EQ(refused.code, 2);
  EXPECT_NE(refused.err.find("deferrable"), std::string::npos) << refused.err;
}

TEST_F(Traps, Trap07_ADeclaredKeyGetsAnImmediateUniqueIndexSoTwoTransactionsCannotHoldIt) {
  create("id int not null, v int", "key = [\"id\"]\n");
  begin();
  write("insert into t values (1, 1)");
  Database first = line_.a();
  first.run("begin; delete from t where id = 1");
  // The second writer waits for the first: the journal's order is the order of commits.
  std::thread second([&] { line_.a().run("insert into t values (1, 2)"); });
  std::this_thread::sleep_for(300ms);
  first.run("commit");
  second.join();
  expect_equal();
  EXPECT_EQ(on_b("select v from t"), "2");
}

TEST_F(Traps, Trap12_ASliceReadAgainAfterACrashIsTheSameSlice) {
  create("id int primary key, v int");
  write("insert into t select g, g from generate_series(1, 30000) as g");
  line_.migrate();
  Process killed = line_.start("all", {{"PENSTOCK_FAIL_POINT", "capture.in_the_middle_of_a_slice:90"}});
  EXPECT_EQ(killed.wait(30s), -SIGKILL);
  // The table is not what it was: rows before, inside and behind the slice.
  write(
      "delete from t where id % 7 = 0; insert into t select -g, g from generate_series(1, 500) as g; update t set v = "
      "-v where id % 5 = 0");
  expect_equal();
}

TEST_F(Traps, Trap13_EqualNumericKeysOfDifferentText) {
  create("id numeric primary key, v int");
  begin();
  write("insert into t values (1.0, 1), (2.0, 1)");
  line_.once();
  write("update t set id = 1.00 where id = 1");
  write("delete from t where id = 1.000");
  write("begin; update t set id = 2.00 where id = 2; update t set v = 5 where id = 2; commit");
  expect_equal();
  EXPECT_EQ(on_b("select count(*) from t"), "1");
}

TEST_F(Traps, Trap15_ANullableKeyIsRefusedWithTheCure) {
  create("id int, v int", "key = [\"id\"]\n");
  const Finished refused = line_.run({"migrate"});
  EXPECT_EQ(refused.code, 2);
  EXPECT_NE(refused.err.find("set not null"), std::string::npos) << refused.err;
}

TEST_F(Traps, Trap16_TwoAppliersRecordABatchOnce) {
  create("id int primary key, v int");
  begin();
  Process one = line_.start("all");
  Process two = line_.start("apply");
  for (int i = 0; i < 200; ++i) write("insert into t values (" + std::to_string(i) + ", 0)");
  // The lock is not what holds: cut the working applier's session, so that both believe to be the one.
  line_.once();
  Database admin = line_.admin_b();
  for (int i = 0; i < 10; ++i) {
    admin.run(
        "select pg_terminate_backend(l.pid) from pg_locks as l join pg_database as d on d.oid = l.database "
        "where l.locktype = 'advisory' and l.granted and d.datname = current_database()");
    write("update t set v = v + 1");
    std::this_thread::sleep_for(100ms);
  }
  expect_equal();
  EXPECT_EQ(on_b("select count(*) from t where v = 10"), "200");
}

}  // namespace
}  // namespace penstock::test
