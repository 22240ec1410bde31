// The cases that broke the first draft of the capture, continued: what is done to tables, locks, rights and the journal.
#include <csignal>
#include <thread>

#include "e2e/traps.hpp"

namespace penstock::test {
namespace {

using namespace std::chrono_literals;

TEST_F(Traps, Trap17_NoAlterationOfTheTableMakesAWriterFail) {
  create("id int primary key, v int");
  begin();
  write("insert into t values (1, 1), (2, 2)");
  line_.once();
  line_.on_both(
      "alter table t add column n int, add column o int, add column penstock_x int, add column penstock_new text");
  write("insert into t values (3, 3, 3, 3, 3, 'x'); update t set n = 5 where id = 1; delete from t where id = 2");
  expect_equal();
  line_.on_both("alter table t drop column o");
  write("insert into t (id, n) values (4, 4)");
  expect_equal();
  // The key's column itself: what follows is journaled under its name when installed.
  write("alter table t rename column id to renamed");
  write(
      "insert into t (renamed, v) values (5, 5); update t set v = 6 where renamed = 1; delete from t where renamed = "
      "3; "
      "update t set renamed = 40 where renamed = 4");
  write("alter table t rename column renamed to id");
  expect_equal();
}

TEST_F(Traps, Trap17_ADomainThatRefusesNullRefusesNoKeyThatIsReadAlone) {
  line_.on_both("create domain needed as int check (value is not null)");
  create("id int primary key, must needed, v text");
  write("insert into t select g, g, g from generate_series(1, 9) as g");
  begin();
  // Rows above a megabyte are read again by their keys, inside of the writer's statement.
  write(
      "insert into t values (10, 1, repeat('x', 2000000)); update t set must = 2 where id >= 9; delete from t where id "
      "= 10");
  expect_equal();
}

TEST_F(Traps, Trap17_AWriterWithNoRightsOnOurSchemaWrites) {
  create("id int primary key, v int");
  Database admin(line_.servers().a);
  admin.run(
      "do $$ begin if not exists (select from pg_roles where rolname = 'plain') then create role plain login; end if; "
      "end $$");
  line_.a().run("grant select, insert, update, delete, trigger on t to plain");
  begin();
  write("set role app; insert into t values (1, 1)");
  const std::string as_plain =
      line_.dsn_a().substr(0, line_.dsn_a().find("://") + 3) + "plain" + line_.dsn_a().substr(line_.dsn_a().find('@'));
  Database(as_plain).run("insert into t values (2, 2); update t set v = 3; delete from t where id = 1");
  expect_equal();
}

TEST_F(Traps, Trap17_ARowTooLargeForJsonIsADeadLetterNotAnError) {
  create("id int primary key, v bytea");
  begin();
  write("insert into t values (1, 'x')");
  // 560 MB of bytes are 1.1 GB of hexadecimal text, which no JSON value can hold.
  write(
      "insert into t select 2, ('\\x' || repeat('61', 1000000))::bytea; update t set v = (select string_agg(v, '') "
      "from t, generate_series(1, 560) where id = 2) where id = 2");
  line_.once(240s);
  EXPECT_EQ(on_b("select count(*) from t where id = 1"), "1");
  Database b = line_.admin_b();
  EXPECT_GE(b.number("select count(*) from penstock.dead_letter where key = '{\"id\":2}' and state = 'open'"), 1);
}

TEST_F(Traps, Trap17_AForeignPartitionIsRefusedWithTheReason) {
  Database admin = line_.admin_a();
  admin.run(
      "create extension file_fdw; create server files foreign data wrapper file_fdw; grant usage on foreign server "
      "files to app; "
      "grant pg_read_server_files to app");
  line_.a().run(
      "create table t (id int not null, v int) partition by range (id); create table t_1 partition of t for values "
      "from (0) to (10);"
      "create foreign table t_2 partition of t for values from (10) to (20) server files options (filename "
      "'/dev/null')");
  line_.b().run("create table t (id int primary key, v int)");
  line_.configure("[[table]]\nsource = \"public.t\"\nkey = [\"id\"]\n");
  const Finished refused = line_.run({"migrate"});
  EXPECT_EQ(refused.code, 2) << refused.err;
}

TEST_F(Traps, Trap17_AWriterOfAPartitionWaitsForNobodyWhoHoldsTheRoot) {
  line_.on_both(
      "create table t (id int primary key, v int) partition by range (id);"
      "create table t_0 partition of t for values from (0) to (100)");
  line_.configure("[[table]]\nsource = \"public.t\"\n");
  begin();
  write("insert into t values (1, 1), (2, 2), (3, 3)");
  Database holder = line_.a();
  holder.run("begin; lock table only t in access exclusive mode");
  // INSERT and UPDATE read the root's partition bounds; DELETE alone needs nothing of the root.
  write("set lock_timeout = '1s'; begin; delete from t_0 where id = 3; delete from t_0 where id = 2; commit");
  holder.run("rollback");
  expect_equal();
}

TEST_F(Traps, Trap18_ReReadingGoesByTheKeysIndex) {
  create("id int primary key, v int");
  write("insert into t select g, g from generate_series(1, 300000) as g");
  begin();
  // Every statement behind the first of a transaction re-reads; 200 of them on a table that size would take minutes by
  // scans.
  const auto start = std::chrono::steady_clock::now();
  Database a = line_.a();
  a.run("begin");
  for (int i = 1; i <= 200; ++i) a.run("update t set v = -v where id = " + std::to_string(i * 1000));
  a.run("commit");
  EXPECT_LT(std::chrono::steady_clock::now() - start, 2s);
  expect_equal();
}

TEST_F(Traps, Trap19_MigrateBehindAnIdleTransactionHoldsUpNoWriter) {
  create("id int primary key, v int");
  write("insert into t values (1, 1)");
  Database idle = line_.a();
  idle.run("begin; update t set v = 2 where id = 1");
  std::thread migration([&] { line_.migrate(); });
  Database writer = line_.a();
  double longest = 0;
  for (int i = 0; i < 60; ++i) {
    const auto begin = std::chrono::steady_clock::now();
    writer.run("insert into t values (" + std::to_string(100 + i) + ", 0)");
    longest = std::max(longest, std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count());
    std::this_thread::sleep_for(50ms);
  }
  idle.run("commit");
  migration.join();
  // Our lock request waits 200 ms at most before it steps aside.
  EXPECT_LT(longest, 0.6);
  expect_equal();
}

TEST_F(Traps, Trap19_MigrateWaitsForATableThatIsLockedWhollyAtAnyOfItsSteps) {
  line_.on_both("create table t (id int primary key, v int)");
  line_.configure("[[table]]\nsource = \"public.t\"\n");
  line_.migrate();
  line_.a().run("drop table t; create table t (id int primary key, v int); insert into t values (1, 1)");
  Database writer = line_.a();
  std::thread in_use([&] {
    for (int i = 0; i < 4; ++i) {
      writer.run("begin; truncate t");
      std::this_thread::sleep_for(400ms);
      writer.run("rollback");
      std::this_thread::sleep_for(20ms);
    }
  });
  line_.migrate();
  in_use.join();
  line_.expect_equal("t", "t", "id");
}

TEST_F(Traps, Trap20_TheRingTurnsAndEmptiesWithoutAWriterWaiting) {
  create("id int primary key, v text");
  begin();
  Process replicator = line_.start();
  double longest = 0;
  Database writer = line_.a();
  for (int i = 0; i < 60; ++i) {
    const auto begin = std::chrono::steady_clock::now();
    // Text that does not compress: some 1.3 MB of journal a statement.
    writer.run(
        "insert into t select g, (select string_agg(md5(random()::text || x), '') from generate_series(1, 8) as x) "
        "from "
        "generate_series(" +
        std::to_string(i * 4000) + ", " + std::to_string(i * 4000 + 3999) + ") as g");
    longest = std::max(longest, std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count());
    std::this_thread::sleep_for(250ms);
  }
  expect_equal();
  EXPECT_LT(longest, 3.0);
  Database admin = line_.admin_a();
  EXPECT_NE(admin.value("select last_value || '.' || is_called from penstock.emp_cdc_ring_seq"), "0.t");
  EXPECT_TRUE(
      admin.becomes("select sum(pg_total_relation_size(inhrelid)) < 64 * 1024 * 1024 from pg_inherits where inhparent "
                    "= 'penstock.emp_cdc'::regclass",
                    "t", 20));
}

}  // namespace
}  // namespace penstock::test
