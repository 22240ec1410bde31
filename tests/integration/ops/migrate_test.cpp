// What migrate refuses, mends and survives.
#include <csignal>
#include <thread>

#include "integration/ops/ops_test.hpp"

namespace penstock::test {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::Not;

TEST(MigrateRefuses, ARoleThatMayNotCreateASchemaAndNamesTheGrant) {
  Line line;
  create_one(line);
  const std::string database = line.admin_a().value("select current_database()");
  line.admin_a().run("revoke create on database " + database + " from penstock");
  const Finished refused = line.run({"migrate"});
  EXPECT_EQ(refused.code, 3) << refused.err;
  EXPECT_THAT(refused.err, HasSubstr("grant create on database " + database + " to penstock"));
}

TEST(MigrateRefuses, OneDatabaseAsSourceAndTarget) {
  Line line;
  create_one(line);
  const std::string name = line.a().value("select current_database()");
  edit(line, line.b().value("select current_database()"), name);
  edit(line, line.servers().b.substr(line.servers().b.rfind(':')).substr(0, 6),
       line.servers().a.substr(line.servers().a.rfind(':')).substr(0, 6));
  const Finished refused = line.run({"migrate"});
  EXPECT_EQ(refused.code, 2) << refused.err;
  EXPECT_THAT(refused.err, HasSubstr("are one database"));
}

TEST(MigrateRefuses, ADeclaredKeyWithDuplicatesAndLeavesNoIndex) {
  Line line;
  create_one(line, "id int not null, v int");
  line.configure(std::string(kOneTable) + "key = [\"id\"]\n");
  line.a().run("insert into one values (1, 1), (1, 2)");
  const Finished refused = line.run({"migrate"});
  EXPECT_EQ(refused.code, 2) << refused.err;
  EXPECT_THAT(refused.err, HasSubstr("holds several rows with the same key"));
  EXPECT_EQ(line.a().number("select count(*) from pg_index where indrelid = 'one'::regclass"), 0);
  line.a().run("delete from one where v = 2");
  line.migrate();
}

TEST(MigrateRefuses, ATargetThatEveryRowWouldFailOn) {
  Line line;
  line.a().run("create table one (id int primary key, v int)");
  line.b().run("create table one (id int primary key, v int, w int not null)");
  line.configure(kOneTable);
  const Finished refused = line.run({"migrate"});
  EXPECT_EQ(refused.code, 2);
  EXPECT_THAT(refused.err, HasSubstr("column \"w\" of B's public.one is NOT NULL"));
  line.b().run("alter table one alter w set default 0; revoke all on one from app");
  const Finished no_right = line.run({"migrate"});
  EXPECT_EQ(no_right.code, 2);
  EXPECT_THAT(no_right.err, HasSubstr("grant select, insert, update, delete, truncate on public.one to penstock"));
}

TEST(MigrateRefuses, ATargetThatACrashWouldEmpty) {
  Line line;
  create_one(line);
  line.b().run("alter table one set unlogged");
  const Finished refused = line.run({"migrate"});
  EXPECT_EQ(refused.code, 2);
  EXPECT_THAT(refused.err, HasSubstr("B's public.one is unlogged"));
  line.b().run("alter table one set logged");
  line.migrate();
  line.b().run("alter table one set unlogged");
  EXPECT_THAT(line.run({"doctor"}).out, HasSubstr("B's public.one is unlogged"));
}

TEST(MigrateRefuses, ATableItCannotSeeWholly) {
  Line line;
  create_one(line);
  line.a().run("alter table one enable row level security; alter table one force row level security");
  const Finished refused = line.run({"migrate"});
  EXPECT_EQ(refused.code, 2) << refused.err;
  EXPECT_THAT(refused.err, HasSubstr("row level security"));
}

TEST(MigrateRefuses, TablesWhoseChangesTriggersWouldMiss) {
  Line line;
  line.on_both("create table one (id int primary key, v int)");
  line.configure(kOneTable);
  // A subscription by its catalog entry alone: no publisher needed.
  line.admin_a().run(
      "create subscription s connection 'dbname=nowhere' publication p with (connect = false); "
      "insert into pg_subscription_rel (srsubid, srrelid, srsubstate) select oid, 'public.one'::regclass, 'r' from "
      "pg_subscription where subname = 's' and subdbid = (select oid from pg_database where datname = "
      "current_database())");
  line.admin_a().run("alter table one owner to current_user; grant select, trigger on one to penstock");
  const Finished subscribed = line.run({"migrate"});
  EXPECT_THAT(subscribed.err, HasSubstr("fires only triggers that its owner enabled always; run  grant "));
  line.admin_a().run("alter table one owner to app");
  line.admin_a().run("alter subscription s set (slot_name = none); drop subscription s");
  line.migrate();
}

TEST(MigrateRefuses, AMigrationThatWasEditedSinceItWasApplied) {
  Line line;
  create_one(line);
  line.migrate();
  line.admin_a().run("update penstock.migration set checksum = 'other' where number = 2");
  const Finished refused = line.run({"migrate"});
  EXPECT_EQ(refused.code, 2) << refused.err;
  EXPECT_THAT(refused.err, HasSubstr("A 002 journal was applied with another text"));
  const Finished listed = line.run({"migrate", "status"});
  EXPECT_EQ(listed.code, 1);
  EXPECT_THAT(listed.out, HasSubstr("edited since"));
}

TEST(MigrateRefuses, AnotherKeyOrTargetForATableThatIsCaptured) {
  Line line;
  create_one(line, "id int primary key, k int not null unique");
  line.b().run("create table two (id int primary key, k int not null unique)");
  line.migrate_and_copy();
  line.configure(std::string(kOneTable) + "key = [\"k\"]\n");
  EXPECT_THAT(line.run({"migrate"}).err, HasSubstr("the key of public.one is not what it was installed with"));
  line.configure(std::string(kOneTable) + "target = \"public.two\"\n");
  const Finished refused = line.run({"migrate"});
  EXPECT_EQ(refused.code, 2);
  EXPECT_THAT(refused.err, HasSubstr("the target of public.one is not what it was installed with"));
  // Back as it was: nothing was spoilt.
  line.configure(kOneTable);
  line.once();
}

TEST(Migrate, WaitsForTheReplicatorWhenTablesChangeAndChangesNothingMeanwhile) {
  Line line;
  line.on_both("create table one (id int primary key, v int); create table two (id int primary key, v int)");
  line.configure(kOneTable);
  line.migrate_and_copy();
  Process replicator = line.start();
  line.a().run("insert into one values (1, 1)");
  ASSERT_TRUE(line.b().becomes("select count(*) from one", "1", 10));
  line.configure(std::string(kOneTable) + "[[table]]\nsource = \"public.two\"\n");
  const Finished refused = line.run({"migrate"});
  EXPECT_EQ(refused.code, 3) << refused.err;
  EXPECT_THAT(refused.err, HasSubstr("stop it, migrate, start it again (held by pid "));
  line.a().run("insert into two values (1, 1); insert into one values (2, 2)");
  EXPECT_TRUE(line.b().becomes("select count(*) from one", "2", 10));
  replicator.send(SIGTERM);
  EXPECT_EQ(replicator.wait(10s), 0);
  line.migrate();
  line.expect_equal("two", "two", "id");
}

TEST(Migrate, APatternTakesTheTablesThatMatchWhenItRuns) {
  Line line;
  line.on_both(
      "create table t_1 (id int primary key, v int); create table \"t_2 Odd\" (id int primary key, v int); "
      "create table other (id int primary key, v int)");
  line.a().run(
      "create table t_parts (id int primary key, v int) partition by hash (id); "
      "create table t_part_0 partition of t_parts for values with (modulus 1, remainder 0)");
  line.b().run("create table t_parts (id int primary key, v int)");
  line.configure(
      "[[table]]\nsource = 'public.t_*'\n[[table]]\nsource = 'public.t_1'\ntarget = 'public.other'\n"
      "[[rule]]\ntable = 'public.\"t_2 Odd\"'\nname = 'small'\ncheck = 'v < 100'\n");
  line.migrate_and_copy();
  line.a().run(
      "insert into t_1 values (1, 1); insert into \"t_2 Odd\" values (1, 1), (2, 200); insert into t_parts values (1, "
      "1)");
  line.expect_equal("t_1", "other", "id");
  line.expect_equal("\"t_2 Odd\"", "\"t_2 Odd\"", "id");
  EXPECT_EQ(line.b().number("select count(*) from t_parts"), 1);
  EXPECT_EQ(line.b().number("select count(*) from t_1"), 0);
  // One that came later is taken by the next migrate; until then it is nobody's.
  line.on_both("create table t_3 (id int primary key, v int)");
  line.a().run("insert into t_3 values (1, 1)");
  line.once();
  EXPECT_EQ(line.b().number("select count(*) from t_3"), 0);
  line.migrate();
  line.expect_equal("t_3", "t_3", "id");
}

TEST(Migrate, APatternThatMeansNothingIsRefused) {
  Line line;
  line.on_both("create table t_1 (id int primary key, v int)");
  const std::vector<std::pair<std::string, std::string>> wrong{
      {"source = 'public.x*'", "no table of A matches public.x*"},
      {"source = 'public.*'\n[[table]]\nsource = '*.t_1'", "is matched by public.* and by *.t_1"},
      {"source = 'public.*'\ntarget = 'public.one'", "cannot all go to public.one"},
      {"source = 'public.*'\ntarget = 'public.x_*'", "* for a whole name"},
      {"source = 'public.*'\n[[rule]]\ntable = 'sales.x'\nname = 'n'\ncheck = 'true'", "which no [[table]] has"}};
  for (const auto& [tables, complaint] : wrong) {
    line.configure("[[table]]\n" + tables + "\n");
    const Finished refused = line.run({"migrate"});
    EXPECT_EQ(refused.code, 2) << tables;
    EXPECT_THAT(refused.err, HasSubstr(complaint));
  }
}

TEST(Migrate, ATableTakenOutAndPutBackIsCopiedAnew) {
  Line line;
  line.on_both("create table one (id int primary key, v int); create table two (id int primary key, v int)");
  const std::string both = std::string(kOneTable) + "[[table]]\nsource = \"public.two\"\n";
  line.configure(both);
  line.a().run("insert into two values (1, 1)");
  line.migrate_and_copy();
  // Changes that nobody has read yet do not stand in the way.
  line.a().run("insert into two values (2, 2); insert into one values (7, 7)");
  line.configure(kOneTable);
  const Finished removed = line.run({"migrate"});
  EXPECT_EQ(removed.code, 0) << removed.err;
  EXPECT_THAT(removed.err, HasSubstr("A captures public.two no more"));
  line.once();
  EXPECT_EQ(line.b().number("select count(*) from one"), 1);
  EXPECT_EQ(line.b().number("select count(*) from two"), 1);
  line.a().run("insert into two values (3, 3)");
  line.configure(both);
  line.migrate();
  line.expect_equal("two", "two", "id");
  line.expect_equal("one", "one", "id");
  EXPECT_EQ(line.book("unaccounted", "public.two"), 0);
}

TEST(Migrate, ATableIsNotTakenOutWhileBLacksABatchThatMayHoldItsChanges) {
  Line line;
  line.on_both("create table one (id int primary key, v int); create table two (id int primary key, v int)");
  const std::string both = std::string(kOneTable) + "[[table]]\nsource = \"public.two\"\n";
  line.configure(both);
  line.migrate_and_copy();
  line.a().run("insert into two values (1, 1)");
  Process capture = line.start("capture");
  ASSERT_TRUE(
      line.admin_a().becomes("select kind from penstock.slot order by batch desc, step desc limit 1", "ack", 10));
  ASSERT_TRUE(
      line.admin_a().becomes("select captured ->> 'public.two' from penstock.slot order by batch desc, step desc "
                             "limit 1",
                             "1", 10));
  capture.send(SIGTERM);
  EXPECT_EQ(capture.wait(10s), 0);
  line.configure(kOneTable);
  const Finished refused = line.run({"migrate"});
  EXPECT_EQ(refused.code, 2) << refused.err;
  EXPECT_THAT(refused.err, HasSubstr("`penstock run --once` first"));
  line.configure(both);
  EXPECT_EQ(line.run({"migrate"}).code, 0);
  line.once();
  line.configure(kOneTable);
  const Finished removed = line.run({"migrate"});
  EXPECT_EQ(removed.code, 0) << removed.err;
  EXPECT_EQ(line.b().number("select count(*) from two"), 1);
}

// Ended in the middle by an error where it writes the slot; what came before that has committed, or has not.
void cut_off_at_the_slot(Line& line) {
  Database admin = line.admin_a();
  admin.run(
      "create function cut_off() returns trigger language plpgsql as $$ begin raise 'cut off'; end $$; create trigger "
      "cut_off before insert on penstock.slot for each row execute function cut_off()");
  EXPECT_NE(line.run({"migrate"}).code, 0);
  admin.run("drop function cut_off() cascade");
}

TEST(Migrate, CutOffWhileATableIsCapturedThatWasCreatedAnewItCopiesItTheNextTime) {
  Line line;
  create_one(line);
  line.a().run("insert into one values (1, 1), (2, 2)");
  line.migrate_and_copy();
  line.a().run("drop table one; create table one (id int primary key, v int); insert into one values (2, 20), (3, 30)");
  cut_off_at_the_slot(line);
  line.migrate();
  line.expect_equal("one", "one", "id");
}

TEST(Migrate, CutOffWhileATableIsTakenOutItCopiesItWhenItIsPutBack) {
  Line line;
  line.on_both("create table one (id int primary key, v int); create table two (id int primary key, v int)");
  const std::string both = std::string(kOneTable) + "[[table]]\nsource = \"public.two\"\n";
  line.configure(both);
  line.migrate_and_copy();
  line.configure(kOneTable);
  cut_off_at_the_slot(line);
  line.migrate();
  line.a().run("insert into two values (1, 1)");
  line.configure(both);
  line.migrate();
  line.expect_equal("two", "two", "id");
}

TEST(Migrate, KilledWhileItBuildsAnIndexCanBeRunAgainOrTakenAway) {
  Line line;
  line.create_employees();
  const auto shape = [&] {
    return line.a().value("select count(*) from pg_class where relnamespace = 'public'::regnamespace") + " " +
           line.b().value("select count(*) from pg_class where relnamespace = 'public'::regnamespace");
  };
  const std::string before = shape();
  const auto kill_in_the_middle = [&] {
    Database open = line.a();  // CREATE INDEX CONCURRENTLY waits for it
    open.run("begin; update employee_a set salary = 1");
    Process migrate({std::getenv("PENSTOCK_PROGRAM"), "--config", line.toml(), "migrate"}, "/dev/null", "/dev/null",
                    {{"TEST_PASSWORD", "s3cret-of-the-tests"}});
    EXPECT_TRUE(line.admin_a().becomes("select exists (select from pg_index where not indisvalid)", "t", 20));
    migrate.send(SIGKILL);
    migrate.wait(5s);
    line.admin_a().run(
        "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'penstock A' and datname = "
        "current_database()");
    open.run("commit");
  };
  kill_in_the_middle();
  EXPECT_EQ(line.run({"run", "--once"}).code, 2) << "half of it is no installation";
  line.migrate();
  EXPECT_EQ(line.a().value("select bool_and(indisvalid) from pg_index where indrelid = 'employee_a'::regclass"), "t");
  line.once();
  EXPECT_EQ(line.run({"migrate", "uninstall"}).code, 0);
  EXPECT_EQ(shape(), before);

  kill_in_the_middle();
  line.migrate();
  EXPECT_EQ(line.run({"migrate", "uninstall"}).code, 0);
  EXPECT_EQ(shape(), before);
  EXPECT_FALSE(describe(line, line.topic("employee_a")));
}

TEST(Migrate, TheSqlOfADryRunDoesWhatMigrateWouldDo) {
  Line line;
  create_one(line);
  const Finished dry = line.run({"migrate", "--dry-run"});
  ASSERT_EQ(dry.code, 0) << dry.err;
  for (const char* part :
       {"create schema if not exists penstock", "create table penstock.offsets", "-- Kafka: create topic",
        "select penstock.create_journal('emp')", "select penstock.start_slot('emp'"}) {
    EXPECT_THAT(dry.out, HasSubstr(part));
  }
  EXPECT_EQ(line.a().number("select count(*) from pg_namespace where nspname = 'penstock'"), 0);
  line.migrate();
  const Finished again = line.run({"migrate", "--dry-run"});
  EXPECT_THAT(again.out, Not(HasSubstr("create table")));
  EXPECT_THAT(again.out, Not(HasSubstr("-- Kafka")));
  EXPECT_THAT(again.out, Not(HasSubstr("start_slot")));
}

TEST(Migrate, TwoAtOnceMakeOneInstallation) {
  Line line;
  create_one(line);
  std::vector<std::thread> both;
  std::vector<int> codes(2);
  for (int& code : codes) both.emplace_back([&line, &code] { code = line.run({"migrate"}).code; });
  for (auto& one : both) one.join();
  EXPECT_EQ(codes, (std::vector<int>{0, 0}));
  line.once();
}

}  // namespace
}  // namespace penstock::test
