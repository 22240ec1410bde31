// The program from outside: exit codes, --once, signals, two of them, migrate and uninstall.
#include <csignal>
#include <fstream>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/line.hpp"
#include "support/writers.hpp"

namespace penstock::test {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;
using testing::HasSubstr;
using testing::Not;

constexpr const char* kRow = "'F', 'L', date '2010-01-01', 'C', 20000)";

TEST(Program, RunBeforeMigrateAndAfterAChangeOfTheFileSaysRunMigrate) {
  Line line;
  line.create_employees();
  const Finished before = line.run({"run", "--once"});
  EXPECT_EQ(before.code, 2);
  EXPECT_THAT(before.err, HasSubstr("run `penstock migrate`"));
  line.migrate();
  line.configure("[[table]]\nsource = \"public.employee_a\"\ntarget = \"public.employee_b\"\nkey = [\"emp_id\"]\n");
  const Finished changed = line.run({"run"});
  EXPECT_EQ(changed.code, 2);
  EXPECT_THAT(changed.err, HasSubstr("run `penstock migrate`"));
  EXPECT_EQ(line.run({"migrate"}).code, 0);
  EXPECT_EQ(line.run({"run", "--once"}).code, 0);
}

TEST(Program, OnceGivesUpWithExit3WhenAServerStaysAway) {
  Servers servers = Servers::shared();
  servers.kafka = "127.0.0.1:1";
  Line line(Servers::shared());
  line.create_employees();
  line.migrate();
  std::string text = read_file(line.toml());
  const auto at = text.find(Servers::shared().kafka);
  std::ofstream(line.toml()) << text.replace(at, Servers::shared().kafka.size(), servers.kafka);
  line.a().run(std::string("insert into employee_a values (1, ") + kRow);
  const Finished away = line.run({"run", "--once", "--timeout", "3"});
  EXPECT_EQ(away.code, 3) << away.err;
}

TEST(Program, UsageErrorsExitWith2) {
  Line line;
  line.create_employees();
  EXPECT_EQ(line.run({"runn"}).code, 2);
  EXPECT_EQ(line.run({"run", "--role", "both"}).code, 2);
  EXPECT_EQ(line.run({"dlq"}).code, 2);
  EXPECT_EQ(line.run({"--help"}).code, 0);
}

struct Wrong {
  const char* from;
  const char* to;
  const char* complaint;
};

TEST(Program, TwentyWrongConfigurationsExitWith2AndNameThePlace) {
  Line line;
  line.create_employees();
  line.a().run(
      "create table nokey (id int, v int); create view a_view as select * from nokey; create table deferred (id int "
      "primary key deferrable)");
  line.b().run("create table nokey (id int, v int); create table narrow (emp_id int primary key)");
  const std::string good = read_file(line.toml());
  const Wrong all[] = {
      {"[pipeline]", "[pipelin]", "[pipeline]"},
      {"name = \"emp\"", "nam = \"emp\"", "\"name\""},
      {"name = \"emp\"", "name = \"E M P\"", "penstock.toml:2:8"},
      {"name = \"emp\"", "name = 1", "penstock.toml:2:8"},
      {"name = \"emp\"", "name = \"emp\"\nconsistency = \"eventual\"", "penstock.toml:3:15"},
      {"name = \"emp\"", "name = \"emp\"\nsnapshot = \"later\"", "penstock.toml:3:12"},
      {"name = \"emp\"", "name = \"emp\"\nretain = \"long\"", "penstock.toml:3:10"},
      {"name = \"emp\"", "name = \"emp", "not TOML"},
      {"${TEST_PASSWORD}", "${TEST_PASSWORT}", "TEST_PASSWORT is not set"},
      {"topic_prefix", "topic_prefx", "topic_prefix"},
      {"topic_prefix", "partitions = 0\ntopic_prefix", "penstock.toml:9:14"},
      {"topic_prefix", "partitons = 1\ntopic_prefix", "did you mean \"partitions\"?"},
      {"source = \"public.employee_a\"", "source = \"employee_a\"", "with its schema"},
      {"source = \"public.employee_a\"", "source = \"public.employe_a\"", "which no [[table]]"},
      {"target = \"public.employee_b\"", "target = \"public.employe_b\"", "did you mean public.employee_b?"},
      {"target = \"public.employee_b\"", "target = \"public.narrow\"", "has no column"},
      {"key = [\"emp_id\"]", "key = [\"employee_id\"]", "has no column \"employee_id\""},
      {"key = [\"emp_id\"]", "key = [\"salary\"]", "may be NULL"},
      {"key = [\"emp_id\"]", "key = [\"emp_id\"]\ntriggers = \"of\"", "\"triggers\" must be"},
      {"key = [\"emp_id\"]", "keys = [\"emp_id\"]", "did you mean \"key\"?"},
      {"salary > 10000", "salry > 10000", "salary_above_10000"},
      {"salary > 10000", "salary >", "salary_above_10000"},
      {"name = \"no_negative_id\"", "name = \"salary_above_10000\"", "two rules"},
      {"[[rule]]", "[[table]]\nsource = \"public.deferred\"\ntarget = \"public.narrow\"\n[[rule]]", "deferrable"},
      {"[[rule]]", "[[table]]\nsource = \"public.a_view\"\n[[rule]]", "a_view"},
      {"[[rule]]", "[[table]]\nsource = \"public.nokey\"\nkey = [\"v\"]\n[[rule]]", "may be NULL"},
  };
  for (const Wrong& wrong : all) {
    std::string text = good;
    const auto at = text.find(wrong.from);
    ASSERT_NE(at, std::string::npos) << wrong.from;
    std::ofstream(line.toml()) << text.replace(at, std::string(wrong.from).size(), wrong.to);
    const Finished refused = line.run({"migrate"});
    EXPECT_EQ(refused.code, 2) << wrong.to << "\n" << refused.err;
    EXPECT_THAT(refused.err, HasSubstr(wrong.complaint)) << wrong.to;
    EXPECT_THAT(refused.err, HasSubstr("penstock.toml:")) << wrong.to;
  }
}

TEST(Program, SigtermEndsItCleanlyIdleAndUnderLoad) {
  Line line;
  line.create_employees();
  line.migrate_and_copy();
  Process idle = line.start();
  std::this_thread::sleep_for(500ms);
  const auto begin = Clock::now();
  idle.send(SIGTERM);
  EXPECT_EQ(idle.wait(10s), 0);
  EXPECT_LT(Clock::now() - begin, 3s);
  Process busy = line.start();
  std::thread writers([&] { write_employees(line.dsn_a(), {.connections = 4, .duration = 3s}); });
  std::this_thread::sleep_for(1500ms);
  busy.send(SIGINT);
  EXPECT_EQ(busy.wait(10s), 0);
  writers.join();
  line.expect_equal();
}

TEST(Program, AnEarlierCopyOfAInItsPlaceEndsItWithExit4) {
  Line line;
  line.create_employees(true);
  line.migrate_and_copy();
  const std::string name = line.a().value("select current_database()");
  Database server(line.servers().a);
  server.run("create database " + name + "_copy template " + name);
  line.a().run(std::string("insert into employee_a values (1, ") + kRow);
  line.once();
  server.run("drop database " + name + " with (force)");
  server.run("alter database " + name + "_copy rename to " + name);
  line.a().run(std::string("insert into employee_a values (2, ") + kRow);
  Process replicator = line.start();
  EXPECT_EQ(replicator.wait(20s), 4);
  EXPECT_THAT(line.log(), HasSubstr("A went back in time"));
  EXPECT_EQ(line.b().value("select emp_id from employee_b"), "1");
}

TEST(Program, OfTwoReplicatorsOneWorksOneWaitsAndTakesOverWithin5Seconds) {
  Line line;
  line.create_employees();
  line.migrate_and_copy();
  Process first = line.start();
  Database a = line.a();
  a.run(std::string("insert into employee_a values (1, ") + kRow);
  ASSERT_TRUE(line.b().becomes("select count(*) from employee_b", "1", 5));
  Process second = line.start();
  std::this_thread::sleep_for(1500ms);
  EXPECT_TRUE(first.running());
  EXPECT_TRUE(second.running());
  EXPECT_THAT(line.log(), HasSubstr("standing by"));
  first.send(SIGKILL);
  a.run(std::string("insert into employee_a values (2, ") + kRow);
  EXPECT_TRUE(line.b().becomes("select count(*) from employee_b", "2", 5));
  EXPECT_TRUE(second.running());
  line.expect_equal();
}

TEST(Program, SplitRolesWorkAsOne) {
  Line line;
  line.create_employees();
  line.migrate();
  Process capture = line.start("capture");
  Process apply = line.start("apply");
  const WriterReport written = write_employees(line.dsn_a(), {.connections = 2, .duration = 2s, .bad_share = 0.1});
  EXPECT_EQ(written.failed, 0) << written.first_error;
  line.expect_equal();
}

std::string shape_of(Database database) {
  std::string out;
  for (const auto& row : database.rows("select c.relname, a.attname, format_type(a.atttypid, a.atttypmod), "
                                       "a.attnotnull from pg_class c join pg_attribute a "
                                       "on a.attrelid = c.oid where c.relnamespace = 'public'::regnamespace and "
                                       "c.relkind in ('r', 'i', 'S') and a.attnum > 0 order by 1, a.attnum "))
    out += row[0] + "." + row[1] + " " + row[2] + " " + row[3] + "\n";
  for (const auto& row : database.rows("select tgname from pg_trigger order by 1")) out += row[0] + "\n";
  for (const auto& row : database.rows("select nspname from pg_namespace where nspname !~ '^pg_' order by 1"))
    out += row[0] + "\n";
  return out;
}

TEST(Migrate, RunsAgainWithoutHarmAndUninstallLeavesTheTablesAsTheyWere) {
  Line line;
  line.create_employees();
  const std::string a_before = shape_of(line.a());
  const std::string b_before = shape_of(line.b());
  const Finished dry = line.run({"migrate", "--dry-run"});
  EXPECT_EQ(dry.code, 0) << dry.err;
  EXPECT_THAT(dry.out, HasSubstr("create table penstock.slot"));
  EXPECT_THAT(dry.out, HasSubstr("penstock.capture_table("));
  EXPECT_EQ(shape_of(line.a()), a_before) << "--dry-run changed something";
  EXPECT_EQ(line.run({"migrate", "status"}).code, 1);
  const Finished first = line.run({"migrate"});
  EXPECT_EQ(first.code, 0) << first.err;
  // The one thing a writer may notice is announced.
  EXPECT_THAT(first.err, HasSubstr("public.employee_a has no unique index on its key"));
  const std::string installed = shape_of(line.a());
  const Finished again = line.run({"migrate"});
  EXPECT_EQ(again.code, 0) << again.err;
  EXPECT_THAT(again.err, HasSubstr("nothing to do"));
  EXPECT_EQ(shape_of(line.a()), installed);
  EXPECT_EQ(line.run({"migrate", "status"}).code, 0);
  {
    Process running = line.start();
    std::this_thread::sleep_for(1500ms);
    const Finished refused = line.run({"migrate", "uninstall"});
    EXPECT_EQ(refused.code, 3) << refused.err;
    EXPECT_THAT(refused.err, HasSubstr("stop it first"));
  }
  std::this_thread::sleep_for(500ms);
  const Finished removed = line.run({"migrate", "uninstall"});
  EXPECT_EQ(removed.code, 0) << removed.err;
  EXPECT_EQ(shape_of(line.a()), a_before);
  EXPECT_EQ(shape_of(line.b()), b_before);
  line.migrate();
  line.once();
}

TEST(Migrate, WorksForARoleWithoutSuperuserOrReplicationRight) {
  Line line;
  line.create_employees();
  line.migrate();
  EXPECT_EQ(line.admin_a().value(
                "select rolsuper or rolreplication or rolbypassrls from pg_roles where rolname = 'penstock'"),
            "f");
  EXPECT_EQ(
      line.admin_a().value(
          "select r.rolname from pg_namespace n join pg_roles r on r.oid = n.nspowner where nspname = 'penstock'"),
      "penstock");
}

TEST(Migrate, ATableAddedLaterIsCopiedAndTheOthersGoOn) {
  Line line;
  line.on_both("create table one (id int primary key, v int); create table two (id int primary key, v int)");
  line.a().run(
      "insert into one select g, g from generate_series(1, 100) as g; insert into two select g, g from "
      "generate_series(1, 5000) as g");
  line.configure("[[table]]\nsource = \"public.one\"\n");
  line.migrate_and_copy();
  line.configure("[[table]]\nsource = \"public.one\"\n[[table]]\nsource = \"public.two\"\n");
  line.migrate();
  line.a().run("update two set v = -v where id < 100; delete from one where id = 5");
  line.expect_equal("one", "one", "id");
  line.expect_equal("two", "two", "id");
}

}  // namespace
}  // namespace penstock::test
