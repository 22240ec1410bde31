// Roles with the least rights: exactly those of compose/sql/grants_a.sql and grants_b.sql, or owners of the tables.
#include <csignal>
#include <cstdlib>
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/line.hpp"
#include "support/role.hpp"

namespace penstock::test {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

class Grants : public testing::Test {
 protected:
  // Databases in which PUBLIC may do nothing.
  Grants() {
    line_.on_both("create table t (id int not null, v int)");
    line_.configure("[[table]]\nsource = \"public.t\"\nkey = [\"id\"]\n");
    std::string text = read_file(line_.toml());
    for (auto at = text.find("penstock:"); at != std::string::npos; at = text.find("penstock:", at)) {
      text.replace(at, 8, replicator_.name);
    }
    std::ofstream(line_.toml()) << text;
    for (const bool on_a : {true, false}) {
      admin(on_a).run("revoke all on database " + database(on_a) +
                      " from public; revoke all on schema public from public; "
                      "grant connect on database " +
                      database(on_a) + " to app");
    }
  }
  Database admin(bool on_a) const { return on_a ? line_.admin_a() : line_.admin_b(); }
  std::string database(bool on_a) const { return admin(on_a).value("select current_database()"); }

  // As the README says it is done.
  void grant(bool on_a) const {
    const std::string stack = std::getenv("PENSTOCK_TEST_STACK");
    const std::string command = "psql -qX -v ON_ERROR_STOP=1 -v role=" + replicator_.name +
                                " -v database=" + database(on_a) + " -v schema=public -v table=t -f " +
                                stack.substr(0, stack.rfind('/')) + "/sql/grants_" + (on_a ? "a" : "b") + ".sql " +
                                (on_a ? line_.admin_dsn_a() : line_.admin_dsn_b());
    ASSERT_EQ(std::system(command.c_str()), 0);
  }

  // The program's whole life, with a writer who has rights on nothing but the table.
  void live() {
    line_.admin_a().run("grant connect on database " + database(true) + " to " + writer_.name +
                        "; grant usage on schema public to " + writer_.name +
                        "; grant select, insert, update, delete, truncate on t to " + writer_.name);
    line_.migrate();
    Process replicator = line_.start();
    Database writer = writer_.at(line_.admin_dsn_a());
    writer.run("insert into t select g, 0 from generate_series(1, 100) as g");
    writer.run("begin; update t set v = 1; update t set id = -id where id > 50; delete from t where id = 1; commit");
    writer.run("truncate t; insert into t values (1, 1), (2, 2), (3, 3)");
    line_.expect_equal("t", "t", "id");
    line_.admin_b().run("delete from t where id = 1");
    EXPECT_EQ(line_.run({"verify", "--repair"}).code, 0);
    for (const std::vector<std::string>& command : {std::vector<std::string>{"backfill", "public.t"},
                                                    {"migrate"},
                                                    {"migrate", "status"},
                                                    {"dlq", "list"},
                                                    {"doctor"}}) {
      const Finished done = line_.run(command);
      EXPECT_EQ(done.code, 0) << command[0] << done.out << done.err;
    }
    line_.expect_equal("t", "t", "id");
    replicator.send(SIGTERM);
    EXPECT_EQ(replicator.wait(15s), 0);
  }

  const Role replicator_{"replicator"}, writer_{"writer"};
  Line line_;
};

TEST_F(Grants, ThoseWrittenDownAreEnoughAndDoctorNamesEachThatIsMissing) {
  // The owner's part, where the key has no unique index.
  line_.on_both("alter table t add primary key (id)");
  grant(true);
  grant(false);
  live();
  for (const bool on_a : {true, false}) {
    admin(on_a).run("revoke create on database " + database(on_a) + " from " + replicator_.name);
  }
  EXPECT_EQ(line_.run({"migrate"}).code, 0);
  EXPECT_EQ(line_.run({"doctor"}).code, 0);
  struct Right {
    bool on_a;
    std::string right, object;
  };
  std::vector<Right> rights{{true, "usage", "schema public"}, {false, "usage", "schema public"}};
  for (const char* right : {"select", "trigger"}) rights.push_back({true, right, "public.t"});
  for (const char* right : {"select", "insert", "update", "delete", "truncate"})
    rights.push_back({false, right, "public.t"});
  for (const auto& [on_a, right, object] : rights) {
    admin(on_a).run("revoke " + right + " on " + object + " from " + replicator_.name);
    const Finished sick = line_.run({"doctor"});
    const std::string cure = "grant " + right + " on " + object + " to " + replicator_.name;
    EXPECT_EQ(sick.code, 1) << cure;
    EXPECT_THAT(sick.out, HasSubstr(cure)) << (on_a ? "A" : "B");
    admin(on_a).run(cure);
  }
  EXPECT_EQ(line_.run({"doctor"}).code, 0);
  const Finished gone = line_.run({"migrate", "uninstall"});
  EXPECT_EQ(gone.code, 0) << gone.err;
}

TEST_F(Grants, WhoOwnsTheTablesNeedsNoneOfThem) {
  for (const bool on_a : {true, false}) {
    admin(on_a).run("alter table t owner to " + replicator_.name + "; grant connect, create on database " +
                    database(on_a) + " to " + replicator_.name + "; grant usage, create on schema public to " +
                    replicator_.name + "; grant usage on schema public to app; grant select on t to app");
  }
  live();
  EXPECT_EQ(line_.run({"migrate", "uninstall"}).code, 0);
  EXPECT_EQ(line_.admin_a().number("select count(*) from pg_trigger where tgrelid = 't'::regclass"), 0);
}

}  // namespace
}  // namespace penstock::test
