// Coverage: a table that is not captured wholly is noticed, said, and mended.
#include <csignal>
#include <thread>

#include "integration/ops/ops_test.hpp"

namespace penstock::test {
namespace {

using namespace std::chrono_literals;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

TEST(Doubts, TriggersThatWereDroppedOrDisabledAreNoticedUntilTheTableIsCopiedAgain) {
  Line line;
  create_one(line);
  line.a().run("insert into one select g, g from generate_series(1, 100) as g");
  line.migrate_and_copy();
  EXPECT_EQ(line.run({"status"}).code, 0);
  // Around a bulk load, and nobody looks meanwhile.
  line.a().run(
      "alter table one disable trigger all; update one set v = 0 where id <= 10; delete from one where id > 90; "
      "alter table one enable trigger all");
  line.once();
  const Finished doubtful = line.run({"status", "--json"});
  EXPECT_EQ(doubtful.code, 1);
  EXPECT_THAT(doubtful.out, HasSubstr("were taken away for a while"));
  EXPECT_THAT(doubtful.out, HasSubstr("UTC may be missing on B: run `penstock backfill public.one`"));
  EXPECT_EQ(line.run({"backfill", "public.one", "--no-wait"}).code, 0);
  line.expect_equal("one", "one", "id");

  line.a().run("alter table one disable trigger penstock_emp_delete");
  EXPECT_THAT(
      line.run({"status"}).out,
      AllOf(
          HasSubstr("trigger penstock_emp_delete of public.one is disabled"),
          HasSubstr("alter table public.one enable trigger penstock_emp_delete, then `penstock backfill public.one`")));
  line.a().run("drop trigger penstock_emp_delete on one; delete from one where id = 50");
  Process replicator = line.start();
  EXPECT_TRUE(line.logs("trigger penstock_emp_delete of public.one is missing"));
  const Finished migrated = line.run({"migrate"});
  EXPECT_EQ(migrated.code, 0) << migrated.err;
  EXPECT_THAT(migrated.err, HasSubstr("run `penstock backfill public.one`"));
  EXPECT_EQ(line.run({"status"}).code, 1);
  EXPECT_EQ(line.run({"backfill", "public.one"}).code, 0);
  line.expect_equal("one", "one", "id");
  line.a().run("drop table one");
  const Finished gone = line.run({"status"});
  EXPECT_EQ(gone.code, 1);
  EXPECT_THAT(gone.out, HasSubstr("the table is gone"));
  replicator.send(SIGTERM);
  replicator.wait(10s);
}

// TRUNCATE takes rows that the transaction cannot see.
TEST(Doubts, APartitionTruncatedUnderAnOlderSnapshotIsSaid) {
  Line line;
  line.a().run(
      "create table one (id int primary key, v int) partition by range (id);"
      "create table one_0 partition of one for values from (0) to (1000)");
  line.b().run("create table one (id int primary key, v int)");
  line.configure(kOneTable);
  line.a().run("insert into one values (1, 1), (2, 2)");
  line.migrate_and_copy();
  Database late = line.a();
  late.run("begin isolation level repeatable read; select count(*) from one");
  line.a().run("insert into one values (3, 3)");
  late.run("truncate one_0; insert into one values (4, 4); commit");
  line.once();
  EXPECT_EQ(line.b().value("select string_agg(id::text, ' ' order by id) from one"), "3 4");
  const Finished doubtful = line.run({"status"});
  EXPECT_EQ(doubtful.code, 1);
  EXPECT_THAT(doubtful.out, AllOf(HasSubstr("one_0 was truncated alone in a REPEATABLE READ transaction"),
                                  HasSubstr("run `penstock backfill public.one`")));
  EXPECT_EQ(line.run({"backfill", "public.one", "--no-wait"}).code, 0);
  line.expect_equal("one", "one", "id");
  line.a().run("truncate one_0");
  line.expect_equal("one", "one", "id");
}

TEST(Doubts, TheFunctionsOfAnAlteredTableAreGeneratedAnew) {
  Line line;
  create_one(line);
  line.migrate_and_copy();
  Process replicator = line.start();
  const std::string plain =
      "select count(*) from pg_proc where proname like 'emp%update' and prosrc like '%1 23 id,2 23 v,3 25 n''%'";
  EXPECT_EQ(line.admin_a().number(plain), 0);
  line.on_both("alter table one add column n text");
  EXPECT_TRUE(line.admin_a().becomes(plain, "1", 20));
  const std::string file =
      "select prosrc like '%pg_relation_filenode(%) <> ' || pg_relation_filenode('one') || ')%' from pg_proc "
      "where proname like 'emp%update'";
  line.a().run("truncate one");
  EXPECT_TRUE(line.admin_a().becomes(file, "t", 20));
  line.a().run("insert into one values (1, 2, 'n'); update one set n = 'm'");
  line.expect_equal("one", "one", "id");
  replicator.send(SIGTERM);
  replicator.wait(10s);
}

TEST(Doubts, NewPartitionsArePickedUpWhileRunningAndOneThatWentIsSaid) {
  Line line;
  line.a().run(
      "create table one (id int primary key, v int) partition by range (id);"
      "create table one_0 partition of one for values from (0) to (1000)");
  line.b().run("create table one (id int primary key, v int)");
  line.configure(kOneTable);
  line.a().run("insert into one select g, g from generate_series(1, 10) as g");
  line.migrate_and_copy();
  Process replicator = line.start();
  // One that holds rows, and a nested one.
  line.a().run(
      "create table one_1 (like one including all); insert into one_1 select g, g from generate_series(1000, 1999) as "
      "g;"
      "alter table one attach partition one_1 for values from (1000) to (2000);"
      "create table one_2 partition of one for values from (2000) to (4000) partition by range (id);"
      "create table one_2_1 partition of one_2 for values from (2000) to (3000);"
      "insert into one_2_1 values (2001, 1)");
  ASSERT_TRUE(line.b().becomes("select count(*) from one", "1011", 20));
  line.a().run("update one_1 set v = -1; delete from one_2_1; insert into one_2_1 values (2002, 2)");
  line.expect_equal("one", "one", "id");
  EXPECT_EQ(line.run({"status"}).code, 0);

  line.a().run("drop table one_1");
  const Finished gone = line.run({"status"});
  EXPECT_EQ(gone.code, 1);
  EXPECT_THAT(gone.out, HasSubstr("run `penstock backfill public.one`"));
  EXPECT_EQ(line.run({"backfill", "public.one"}).code, 0);
  line.expect_equal("one", "one", "id");
  replicator.send(SIGTERM);
  replicator.wait(10s);
}

// The reader looks every few seconds, on A.
TEST(Doubts, AreLookedForInManyTablesAtLittleCost) {
  Line line;
  for (int i = 0; i < 60; ++i) line.on_both("create table t_" + std::to_string(i) + " (id int primary key, v int)");
  line.configure("[[table]]\nsource = 'public.t_*'\n");
  line.migrate();
  Database a = line.admin_a();
  const auto begin = std::chrono::steady_clock::now();
  a.run("select penstock.watch_capture('emp')");
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::milliseconds(500));
}

}  // namespace
}  // namespace penstock::test
