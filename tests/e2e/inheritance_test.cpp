// Tables whose rows are changed by statements on other tables: inheritance, and the worker of a subscription.
#include <csignal>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/line.hpp"
#include "support/own_server.hpp"

namespace penstock::test {
namespace {

using namespace std::chrono_literals;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

// people ← staff ← bosses, and leased, which inherits from people and from assets. The same on B: there as well each
// table is a table of its own.
constexpr const char* kTree =
    "create table people (id int primary key, v int, x text); create table assets (id int primary key, w int);"
    "create table staff (pay int, primary key (id)) inherits (people);"
    "create table bosses (car text, primary key (id)) inherits (staff);"
    "create table leased (primary key (id)) inherits (people, assets)";

class Inheritance : public testing::Test {
 protected:
  void create() {
    line_.on_both(kTree);
    std::string tables;
    for (const char* table : {"people", "assets", "staff", "bosses", "leased"})
      tables += "[[table]]\nsource = \"public." + std::string(table) + "\"\n";
    line_.configure(tables);
  }
  void expect_equal() {
    line_.expect_all_equal({"only people", "only assets", "only staff", "only bosses", "only leased"});
  }
  Line line_;
};

TEST_F(Inheritance, Trap11_EveryTableOfATreeIsATableOfItsOwn) {
  create();
  // The same keys in all of them.
  line_.a().run(
      "insert into people select g, 0 from generate_series(1, 20) as g; insert into staff select g, 0, 's', g from "
      "generate_series(1, 20) as g; insert into bosses select g, 0, 'b', g, 'car' from generate_series(1, 20) as g;"
      "insert into leased select g, 0, 'l', g from generate_series(1, 20) as g; insert into assets values (1, 1)");
  line_.migrate_and_copy();
  expect_equal();
  line_.a().run(
      "update people set v = id; update staff set x = 'all staff' where id > 15; delete from people where id % 5 = 0;"
      "update people set id = id + 100 where id < 4; update assets set w = -1; delete from only staff where id = 7;"
      "insert into staff values (7, 1, 'again', 1) on conflict (id) do update set x = 'taken';"
      "begin; update people set v = 50; savepoint s; delete from people; rollback to s; update staff set v = 51; "
      "commit;"
      "with gone as (delete from people where id = 8 returning id) insert into bosses select 800 + row_number() over "
      "(), 1, 'x', 1, "
      "'y' from gone");
  expect_equal();
  // Keys that swap through the parent, a row whose image is above a megabyte, one that a trigger changes once more.
  line_.a().run(
      "create function again() returns trigger language plpgsql as $$ begin if new.v = 77 then update people set v = "
      "78 "
      "where id = new.id; elsif new.v = 76 then delete from people where id = new.id; end if; return null; end $$;"
      "create trigger a_again after insert or update on staff for each row execute function again();"
      "create trigger z_again after insert or update on bosses for each row execute function again();"
      "update people set v = 77 where id between 11 and 13; update people set v = 76 where id = 14;"
      "insert into bosses values (1000, 77, 'x', 1, 'y'), (1001, 76, 'x', 1, 'y');"
      "update people set x = repeat('long ', 500000) where id = 16; update people set id = -id where id > 100");
  expect_equal();
  line_.a().run("truncate only people; truncate staff; insert into bosses values (1, 1, 'after', 1, 'it')");
  expect_equal();
  EXPECT_EQ(line_.a().number("select count(*) from bosses"), 1);
}

TEST_F(Inheritance, IsCopiedAgainAndVerifiedTableByTable) {
  create();
  line_.a().run("insert into people values (1, 1), (2, 2); insert into staff values (1, 10), (3, 30)");
  line_.migrate_and_copy();
  line_.b().run(
      "update only people set v = 0 where id = 1; delete from only people where id = 2; insert into people values (9, "
      "9)");
  EXPECT_EQ(line_.run({"verify"}).code, 1);
  Process replicator = line_.start();
  EXPECT_EQ(line_.run({"verify", "--repair"}).code, 0);
  expect_equal();
  line_.b().run("update only people set v = 0; delete from only staff; insert into people values (8, 8)");
  EXPECT_EQ(line_.run({"backfill", "public.people", "--where", "id < 3"}).code, 0);
  EXPECT_EQ(line_.run({"backfill", "public.people"}).code, 0);
  EXPECT_EQ(line_.run({"backfill", "public.staff"}).code, 0);
  expect_equal();
  EXPECT_EQ(line_.b().number("select count(*) from staff"), 2);
  replicator.send(SIGTERM);
  replicator.wait(10s);
}

TEST_F(Inheritance, DdlOnATreeFailsNoWriter) {
  line_.on_both(
      "create table t (id int primary key, v int, x text); create table heir (y int, primary key (id)) inherits (t)");
  line_.configure("[[table]]\nsource = \"public.t\"\n[[table]]\nsource = \"public.heir\"\n");
  line_.a().run("insert into heir values (1, 1, 'x', 1)");
  line_.migrate_and_copy();
  line_.on_both("alter table t add column more int default 5");
  line_.a().run(
      "update t set v = 2; alter table t rename column id to pid; update t set v = 3; insert into heir (pid, v) values "
      "(2, 2), (3, 3); update t set pid = 4 where pid = 3; delete from t where pid = 1; alter table t rename column "
      "pid "
      "to id; alter table t rename to other; update other set v = 5; alter table other rename to t; "
      "insert into heir values (5, 3)");
  line_.expect_all_equal({"only t", "only heir"});
}

TEST_F(Inheritance, ATableThatJoinsATreeWhileCapturedIsNoticedAndMended) {
  line_.on_both("create table t (id int primary key, v int)");
  line_.configure("[[table]]\nsource = \"public.t\"\n");
  line_.a().run("insert into t values (1, 1)");
  line_.migrate_and_copy();
  Process replicator = line_.start();
  line_.a().run(
      "create table heir (primary key (id)) inherits (t); insert into heir values (1, 100), (7, 7); update t set v = v "
      "+ 1");
  const Finished before = line_.run({"doctor"});
  EXPECT_EQ(before.code, 1);
  ASSERT_TRUE(line_.a().becomes(
      "select count(*) from pg_trigger where tgrelid = 't'::regclass and tgname = 'penstock_emp_row'", "1", 8));
  const Finished doubtful = line_.run({"status"});
  EXPECT_EQ(doubtful.code, 1);
  EXPECT_THAT(doubtful.out, AllOf(HasSubstr("public.t: statements or triggers escaped its capture"),
                                  HasSubstr("UTC may be missing on B: run `penstock backfill public.t`")));
  EXPECT_EQ(line_.run({"backfill", "public.t"}).code, 0);
  line_.a().run("update t set v = v + 1; delete from t where id = 7; insert into t values (2, 2)");
  line_.expect_equal("only t", "t", "id");
  // Leaving the tree is no reason for doubt, now or when migrate goes back to statement triggers.
  line_.a().run("alter table heir no inherit t; update t set v = 9");
  line_.expect_equal("t", "t", "id");
  line_.migrate();
  EXPECT_EQ(
      line_.a().value("select string_agg(tgname, ' ' order by tgname) from pg_trigger where tgrelid = 't'::regclass"),
      "penstock_emp_delete penstock_emp_insert penstock_emp_move penstock_emp_truncate penstock_emp_truncated "
      "penstock_emp_update");
  line_.a().run("update t set v = 10; insert into t values (3, 3)");
  line_.expect_equal("t", "t", "id");
  replicator.send(SIGTERM);
  replicator.wait(10s);
}

// Trap 9: its worker fires no statement triggers, not even those enabled always.
TEST(Subscribed, Trap9_WhatTheWorkerOfASubscriptionWritesIsCaptured) {
  const OwnServer own("a", "wal_level=logical");
  Line line(own.servers);
  const std::string name = line.a().value("select current_database()");
  const std::string columns = " (id int primary key, v int)";
  const std::string parts = "; create table p" + columns +
                            " partition by range (id); create table p1 partition of p for values "
                            "from (0) to (10); create table p2 partition of p for values from (10) to (1000)";
  line.admin_a().run("create database publisher");
  std::string publisher_dsn = line.servers().a;
  publisher_dsn.replace(publisher_dsn.rfind('/') + 1, std::string::npos, "publisher");
  Database publisher(publisher_dsn);
  publisher.run("create table t" + columns + parts +
                "; insert into t values (1, 1), (2, 2); insert into p values (1, 1); "
                "create publication everything for all tables");
  publisher.run("select pg_create_logical_replication_slot('feed', 'pgoutput')");
  line.a().run("create table t" + columns + parts);
  line.b().run("create table t" + columns + "; create table p" + columns);
  line.configure("[[table]]\nsource = \"public.t\"\n[[table]]\nsource = \"public.p\"\n");
  line.admin_a().run("create subscription feed connection '" + publisher_dsn +
                     "' publication everything with (create_slot = false, slot_name = 'feed')");
  line.migrate_and_copy();
  Process replicator = line.start();
  publisher.run(
      "insert into t values (3, 3); update t set v = 9 where id = 1; delete from t where id = 2; update t set id = 30 "
      "where id = 3; insert into p values (2, 2), (20, 20); update p set id = 15 where id = 1; delete from p where id "
      "= 2");
  EXPECT_TRUE(line.b().becomes("select string_agg(id || '.' || v, ' ' order by id) from t", "1.9 30.3", 20));
  EXPECT_TRUE(line.b().becomes("select string_agg(id || '.' || v, ' ' order by id) from p", "15.1 20.20", 20));
  line.a().run("update t set v = v + 1; insert into t values (5, 5)");
  publisher.run("truncate p; insert into p values (3, 3)");
  EXPECT_TRUE(line.b().becomes("select string_agg(id || '.' || v, ' ' order by id) from p", "3.3", 20));
  line.expect_equal("t", "t", "id");
  line.admin_a().run("drop subscription feed");
  replicator.send(SIGTERM);
  replicator.wait(10s);
}

// A session's functions have run before, and are not made anew in between.
TEST_F(Inheritance, ASessionOfLongStandingMindsTheColumnsOfATableWithoutAKey) {
  line_.on_both("create table bag (a int, gone text, before int)");
  line_.a().run("create table heir () inherits (bag)");
  line_.configure("[[table]]\nsource = \"public.bag\"\n");
  line_.migrate_and_copy();
  Database writer = line_.a();
  writer.run("insert into bag values (1, 'x', 1), (2, 'x', 2); update bag set before = 3 where a = 2");
  line_.once();
  line_.on_both("alter table bag drop gone; alter table bag rename before to after");
  writer.run("insert into bag values (3, 3); update bag set after = 4 where a = 2; delete from bag where a = 1");
  line_.once();
  EXPECT_EQ(line_.b().value("select string_agg(a || '=' || after, ' ' order by a) from bag"), "2=4 3=3");
  EXPECT_EQ(line_.run({"verify"}).code, 0);
}

}  // namespace
}  // namespace penstock::test
