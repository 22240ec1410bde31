// Tables altered under a writer's hands: whatever is altered, no statement of the writer's fails.
#include <atomic>

#include "e2e/ddl.hpp"

namespace penstock::test {
namespace {

// A writer at work, on columns that stay, while the table is altered.
class DdlUnderLoad : public Ddl {
 protected:
  // Runs the alterations one after the other; returns the writer's error.
  std::string alter_under_load(const std::vector<std::string>& alterations) {
    std::atomic<bool> done = false;
    std::string error;
    std::thread writer([&] {
      try {
        Database a = line_.a();
        while (!done) write_some(a);
      } catch (const SqlError& failed) {
        error = failed.what();
      }
    });
    for (const auto& sql : alterations) {
      on_a(sql);
      std::this_thread::sleep_for(20ms);
    }
    done = true;
    writer.join();
    return error;
  }

 private:
  void write_some(Database& a) {
    const auto row = [](int i) { return std::to_string(i); };
    ++next_;
    a.run("insert into public.t (id, v) values (" + row(next_) + ", 0)");
    a.run("begin; update public.t set v = v + 1 where id between " + row(next_ - 20) + " and " + row(next_) +
          "; update public.t set id = -id where id = " + row(next_ - 3) + "; commit");
    a.run("delete from public.t where id = " + row(next_ - 7));
  }

  int next_ = 0;
};

TEST_F(DdlUnderLoad, NoAlterationMakesAWriterFailOrAChangeBeLost) {
  create("id int primary key, v int default 0, x text", "on_drift = \"ignore\"\n");
  start();
  EXPECT_EQ(
      alter_under_load(
          {"alter table t add column n int, add column o int default 3, add column penstock_x int",
           "alter table t add column penstock_k int, add column penstock_new text, add column image text, add i int",
           "alter table t drop column o",
           "alter table t alter column n set default 4",
           "update t set n = 0 where n is null",
           "alter table t alter column n set not null",
           "alter table t alter column x type varchar(100)",
           "alter table t alter column n type bigint",
           "alter table t rename column n to m",
           "alter table t alter column v set not null",
           "alter table t alter column v drop not null",
           "alter table t add constraint c check (v > -1)",
           "alter table t drop constraint c",
           "create index on t (v)",
           "alter table t alter column x set storage external",
           "alter table t set (fillfactor = 80)",
           "alter table t replica identity full",
           "alter table t enable row level security",
           "alter table t disable row level security",
           "alter table t set unlogged",
           "alter table t set logged",
           "cluster t using t_pkey",
           "alter table t drop constraint t_pkey",
           "alter table t add primary key (id)",
           "alter index t_pkey rename to p",
           "vacuum full t",
           "create function f() returns trigger language plpgsql as 'begin return new; end'; "
           "create trigger aa before insert on t for each row execute function f()"}),
      "");
  expect_equal("id, v");
}

// The images of such a table name its columns.
TEST_F(DdlUnderLoad, AKeyThatMovesOrIsDeletedAgainInATransactionMindsNoAlterationOfArrays) {
  create("id int primary key, v int default 0, list int[]", "on_drift = \"ignore\"\n");
  start();
  const std::string again =
      "begin; insert into t (id, v) values (1, 1), (2, 2), (3, 3); update t set id = 4 where id = 3; "
      "with d as (delete from t where id = 2 returning id, v) insert into t (id, v) select id, v + 1 from d; "
      "delete from t where id = 1; insert into t (id) values (1); commit; "
      "begin; update t set id = 5 where id = 4; delete from t where id in (1, 2); delete from t where id = 5; "
      "rollback; "
      "begin; update t set id = 5 where id = 4; delete from t where id in (1, 2); delete from t where id = 5; commit";
  for (const auto& alteration : {"rename column list to other", "drop column other", "add column doc jsonb"}) {
    on_a("alter table t " + std::string(alteration));
    EXPECT_NO_THROW(on_a(again)) << alteration;
  }
  expect_equal("id, v");
}

// The catalog's tables show such a transaction what was there when it began; its statements see what is there now.
TEST_F(DdlUnderLoad, ATransactionOfRepeatableReadThatIsOlderThanTheAlterationWrites) {
  create("id int primary key, v int, list int[], gone int[]", "on_drift = \"ignore\"\n");
  on_a("insert into t (id, v) select i, i from generate_series(1, 9) as i");
  Database old = line_.a();
  const auto writes_after = [&](const std::string& alteration, const std::string& key) {
    old.run("begin isolation level repeatable read; select count(*) from pg_class");
    on_a("alter table t " + alteration);
    EXPECT_NO_THROW(old.run("update t set v = v + 1 where " + key + " < 4; insert into t (" + key +
                            ", v) values (20, 20), (21, 21); update t set " + key + " = 22 where " + key +
                            " = 21; delete from t where " + key +
                            " in (20, 22); update t set v = 0 where false; "
                            "commit"))
        << alteration;
  };
  writes_after("rename column id to renamed", "renamed");
  writes_after("rename column renamed to id", "id");
  writes_after("rename column list to other", "id");
  writes_after("drop column gone", "id");
  expect_equal("id, v");
}

// What it alters itself behind another one's alteration stands twice in the catalog's tables for such a transaction.
TEST_F(DdlUnderLoad, ATransactionOfRepeatableReadAltersWhatAnotherHasAlteredSinceItBegan) {
  create("id int primary key, v int, doc jsonb", "on_drift = \"ignore\"\n");
  on_a("insert into t (id, v) select i, i from generate_series(1, 9) as i");
  Database old = line_.a();
  const auto writes_after = [&](const std::string& theirs, const std::string& own) {
    old.run("begin isolation level repeatable read; select count(*) from pg_class");
    on_a(theirs);
    EXPECT_NO_THROW(
        old.run(own + "; insert into t (id, v) select i, i from generate_series(100, 900) as i; update t set v = v + 1; "
                      "update t set id = id + 1000 where id < 200; delete from t where id > 300 and id < 350; commit"))
        << theirs << "; " << own;
    on_a("delete from t");
  };
  writes_after("alter table t add column more int", "truncate t");
  writes_after("alter table t add column text text", "alter table t add column other text");
  writes_after("alter table t alter column id set default 1", "alter table t alter column id set default 2");
  writes_after("alter table t rename column id to renamed", "alter table t rename column renamed to id");
  writes_after("alter table t alter column v type bigint", "alter table t alter column v set default 0");
  on_a("insert into t (id, v) select i, i from generate_series(1, 9) as i");
  expect_equal("id, v");
}

TEST_F(DdlUnderLoad, TakingTheCaptureAwayMakesNoWriterFail) {
  create("id int primary key, v int default 0");
  EXPECT_EQ(alter_under_load({"alter table t disable trigger user", "alter table t enable trigger user",
                              "drop trigger penstock_emp_insert on t", "drop trigger penstock_emp_move on t",
                              "drop trigger penstock_emp_truncate on t", "alter table t drop constraint t_pkey"}),
            "");
}

// A copy reads in the snapshot at which its batch ends, and may have to wait for whoever alters the table just then.
TEST_F(DdlUnderLoad, ACopyThatWaitsForAnAlterationIsExact) {
  create("id int primary key, v int");
  on_a("insert into t select g, g from generate_series(1, 50) as g");
  line_.once();
  on_b("alter table t alter column v type bigint");
  start();
  Database altering = line_.a();
  for (const auto& alteration :
       {"rename column id to renamed", "rename column renamed to id", "alter column v type bigint"}) {
    // One has changed the table and not committed; the copy comes in between.
    altering.run("begin; alter table t " + std::string(alteration));
    line_.admin_a().run("select penstock.request_table('emp', 'public.t', null)");
    std::this_thread::sleep_for(700ms);
    altering.run("commit");
    expect_same("select * from t", "select * from t");
  }
  expect_equal();
}

// Who writes a partition by its own name holds no lock on the table.
TEST_F(DdlUnderLoad, AWriterOfAPartitionMindsNoRenameOfTheTable) {
  line_.a().run(
      "create table t (id int primary key, v int) partition by range (id);"
      "create table t_low partition of t for values from (minvalue) to (100)");
  on_b("create table t (id int primary key, v int)");
  configure("");
  on_a("insert into t values (1, 0)");
  line_.migrate_and_copy();
  std::atomic<bool> done = false;
  std::string error;
  std::thread writer([&] {
    try {
      Database a = line_.a();
      while (!done)
        a.run(
            "begin; update t_low set v = v + 1; update t_low set v = v + 1; delete from t_low where id = 2; "
            "insert into t_low values (2, 2); commit");
    } catch (const SqlError& failed) {
      error = failed.what();
    }
  });
  Database a = line_.a();
  for (int i = 0; i < 1000; ++i) a.run("alter table t rename to u; alter table u rename to t");
  for (int i = 0; i < 300; ++i) {
    a.run("alter table t rename to u");
    a.run("alter table u rename to t");
  }
  done = true;
  writer.join();
  EXPECT_EQ(error, "");
  expect_equal();
}

TEST_F(DdlUnderLoad, PartitionsComeAndGo) {
  line_.a().run(
      "create table t (id int primary key, v int) partition by range (id);"
      "create table t_low partition of t for values from (minvalue) to (0);"
      "create table t_high partition of t for values from (0) to (1000000)");
  on_b("create table t (id int primary key, v int)");
  configure("");
  line_.migrate_and_copy();
  start();
  EXPECT_EQ(alter_under_load({"create table t_new partition of t for values from (1000000) to (2000000)",
                              "insert into t values (1000001, 1), (1000002, 2)",
                              "create table t_more (v int, id int not null, primary key (id))",
                              "alter table t attach partition t_more for values from (2000000) to (3000000)",
                              "insert into t values (2000001, 1)", "update t set id = 1000003 where id = 2000001",
                              "alter table t detach partition t_more", "drop table t_more",
                              "alter table t add column w int; alter table t drop column w"}),
            "");
  on_b("alter table t add column w int");
  // What the replicator has not noticed yet of the new partition; one that it noticed and that went is a doubt,
  // rightly.
  line_.migrate();
  expect_same("select id, v from t", "select id, v from t");
}

}  // namespace
}  // namespace penstock::test
