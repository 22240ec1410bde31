// triggers = "off": B's own triggers, rules and foreign keys stay out of the applier's way.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/line.hpp"

namespace penstock::test {
namespace {

using testing::HasSubstr;

// The right is one of the server's, not of a database, and the role is all tests': one of these tests at a time.
class TriggersOff : public testing::Test {
 protected:
  TriggersOff() : server_(line_.servers().b) {
    server_.run("select pg_advisory_lock(4712)");
    server_.run("revoke set on parameter session_replication_role from penstock");
  }
  ~TriggersOff() override { server_.run("revoke set on parameter session_replication_role from penstock"); }

  void grant() { server_.run("grant set on parameter session_replication_role to penstock"); }

  // Everything that can fire on B notes in `fired` what fired it.
  void create(const std::string& table, const std::string& columns) {
    line_.a().run("create table " + table + " (" + columns + ")");
    line_.b().run("create table if not exists fired (by text); create table " + table + " (" + columns +
                  "); create or replace function note() returns trigger language plpgsql as $$ begin "
                  "insert into public.fired values (tg_table_name || ' ' || tg_op); return coalesce(new, old); end $$; "
                  "create trigger rows before insert or update or delete on " +
                  table + " for each row execute function note(); create trigger emptied after truncate on " + table +
                  " for each statement execute function note()");
  }
  std::string fired() { return line_.b().value("select string_agg(distinct by, ', ' order by by) from fired"); }

  Line line_;
  Database server_;
};

TEST_F(TriggersOff, NeedsARightAndSaysWhich) {
  create("t", "id int primary key, v int");
  line_.configure("[[table]]\nsource = \"public.t\"\ntriggers = \"off\"\n");
  const std::string cure = "grant set on parameter session_replication_role to penstock;";
  const Finished migrated = line_.run({"migrate"});
  EXPECT_EQ(migrated.code, 2);
  EXPECT_THAT(migrated.err, HasSubstr(cure));
  const Finished sick = line_.run({"doctor"});
  EXPECT_EQ(sick.code, 1);
  EXPECT_THAT(sick.out, HasSubstr(cure));
  grant();
  line_.migrate();
  line_.configure("[[table]]\nsource = \"public.t\"\n");
  const Finished other = line_.run({"run", "--once"});
  EXPECT_EQ(other.code, 2) << other.err;
  EXPECT_THAT(other.err, HasSubstr("run `penstock migrate`"));
}

TEST_F(TriggersOff, NothingFiresForItsTablesAndEverythingForTheOthers) {
  grant();
  create("quiet", "id int primary key, parent int, v int check (v >= 0)");
  create("loud", "id int primary key, v int");
  line_.b().run(
      "create table parents (id int primary key); alter table quiet add foreign key (parent) references parents; "
      "create rule no_delete as on delete to quiet do instead nothing");
  line_.a().run("insert into quiet values (1, 7, 1), (2, 8, 2), (3, 9, 3)");
  line_.configure(
      "[[table]]\nsource = \"public.quiet\"\ntriggers = \"off\"\n[[table]]\nsource = \"public.loud\"\n"
      "[[rule]]\ntable = \"public.quiet\"\nname = \"below_100\"\ncheck = \"v < 100\"\n");
  line_.migrate_and_copy();
  line_.a().run(
      "update quiet set v = 4 where id = 1; delete from quiet where id = 2; insert into quiet values (5, 1, 5)");
  line_.expect_equal("quiet", "quiet", "id");
  EXPECT_EQ(fired(), "NULL");
  // A row that breaks a rule, and one that breaks B's constraint: the slow path, beside a table whose triggers fire.
  line_.a().run("alter table quiet drop constraint quiet_v_check");
  line_.a().run(
      "begin; insert into loud values (1, 1), (2, 2); insert into quiet values (6, 1, 600), (7, 1, -1), (8, 1, 8); "
      "update quiet set v = 9 where id = 3; delete from quiet where id = 5; delete from loud where id = 2; commit");
  line_.expect_equal("quiet", "quiet", "id");
  line_.expect_equal("loud", "loud", "id");
  EXPECT_EQ(line_.book("rejected", "public.quiet"), 2);
  EXPECT_THAT(fired(), HasSubstr("loud INSERT"));
  EXPECT_THAT(fired(), Not(HasSubstr("quiet")));
  line_.a().run("truncate quiet, loud");
  line_.expect_equal("quiet", "quiet", "id");
  line_.expect_equal("loud", "loud", "id");
  EXPECT_THAT(fired(), HasSubstr("loud TRUNCATE"));
  EXPECT_THAT(fired(), Not(HasSubstr("quiet")));
}

TEST_F(TriggersOff, TablesJoinedByAForeignKeyAreOfOneKind) {
  grant();
  create("parents", "id int primary key");
  create("children", "id int primary key, parent int references parents");
  line_.configure(
      "[[table]]\nsource = \"public.parents\"\n[[table]]\nsource = \"public.children\"\ntriggers = \"off\"\n");
  const Finished mixed = line_.run({"migrate"});
  EXPECT_EQ(mixed.code, 2);
  EXPECT_THAT(mixed.err, HasSubstr("both must have triggers = \"off\""));
  line_.configure(
      "[[table]]\nsource = \"public.parents\"\ntriggers = \"off\"\n[[table]]\nsource = \"public.children\"\n"
      "triggers = \"off\"\n");
  line_.migrate_and_copy();
  line_.a().run("insert into parents values (1); insert into children values (1, 1); truncate parents cascade");
  line_.expect_equal("children", "children", "id");
  EXPECT_EQ(fired(), "NULL");
}

}  // namespace
}  // namespace penstock::test
