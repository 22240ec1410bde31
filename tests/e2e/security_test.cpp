// Whoever owns a captured table, or may create objects beside it, gets nothing to run with Penstock's rights.
#include <csignal>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/line.hpp"
#include "support/role.hpp"

namespace penstock::test {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::IsEmpty;

// What the attacker's functions do wherever they get to run: they leave word as whom.
constexpr const char* kPayload = R"(
create table pwned (who text, what text);
grant insert on pwned to public;
create function evil(what text) returns void language plpgsql as $$
begin
  insert into public.pwned values (current_user, what);
end $$;
-- What calls itself immutable is run by the planner already.
create function evil_id(value int, what text) returns int language plpgsql immutable as $$
begin
  perform public.evil(what);
  return value;
end $$;
create function evil_text(value anyelement) returns text language plpgsql as $$
begin
  perform public.evil('a cast to text');
  return 'evil';
end $$;
create function evil_json(value anyelement) returns json language plpgsql as $$
begin
  perform public.evil('a cast to json');
  return '"evil"';
end $$;
)";

// Operators and functions that fit our statements' arguments better than PostgreSQL's own, in the schema where most
// search paths look.
constexpr const char* kPlanted = R"(
create function evil_same(a varchar, b varchar) returns boolean language plpgsql as $$
begin
  perform public.evil('an operator');
  return true;
end $$;
create operator public.= (leftarg = varchar, rightarg = varchar, function = evil_same);
create operator public.|| (leftarg = varchar, rightarg = varchar, function = evil_same);
create function evil_feeling(a feeling, b feeling) returns boolean language plpgsql as $$
begin
  perform public.evil('an operator of his type');
  return true;
end $$;
create operator public.= (leftarg = feeling, rightarg = feeling, function = evil_feeling);
create function public.hashtextextended(a text, b int) returns bigint language plpgsql as $$
begin
  perform public.evil('hashtextextended');
  return 0;
end $$;
create function public.quote_ident(a varchar) returns text language plpgsql as $$
begin
  perform public.evil('quote_ident');
  return 'x';
end $$;
create function public.format(a text, b text) returns text language plpgsql as $$
begin
  perform public.evil('format');
  return 'x';
end $$;
create function public.to_regclass(a varchar) returns regclass language plpgsql as $$
begin
  perform public.evil('to_regclass');
  return null;
end $$;
create function public.md5(a varchar) returns text language plpgsql as $$
begin
  perform public.evil('md5');
  return '';
end $$;
)";

constexpr const char* kTables = R"(
create type feeling as enum ('good', 'bad');
create type pair as (a int, f feeling);
create domain small as int;
create table t (k small, name varchar, v int, f feeling, p pair, fs feeling[], primary key (k, name));
create table moods (f feeling primary key, v text);
create table bag (v int, f feeling, p pair);
)";

class Security : public testing::Test {
 protected:
  void SetUp() override {
    line_.on_both(kTables);
    line_.configure(
        "[[table]]\nsource = \"public.t\"\n[[table]]\nsource = \"public.moods\"\n[[table]]\nsource = \"public.bag\"\n");
  }

  // Every statement that the capture knows: single rows and bulk, nested ones that read again, rows above a megabyte,
  // moved keys, and the same behind an alteration.
  static void write(Database writer, int first) {
    const std::string id = std::to_string(first);
    writer.run("insert into t values (" + id + ", 'a', 1, 'good', (1, 'bad'), '{good}'), (" + id +
               " + 1, 'b', 1, 'bad', null, '{}'), (" + id + " + 3, repeat('x', 100), 1, null, null, null)");
    writer.run("begin; update t set v = 2; update t set v = 3, f = 'bad' where k = " + id +
               "; delete from t where k = " + id + " + 1; insert into t values (" + id +
               " + 1, 'b', 7, 'bad'); commit");
    writer.run("update t set k = k + 10 where k = " + id);
    writer.run("delete from moods; insert into moods values ('good', repeat('x', 1200000)), ('bad', 'y')");
    writer.run("begin; update moods set v = v || '.'; delete from moods where f = 'bad'; commit");
    writer.run(
        "insert into bag values (1, 'good', (2, 'bad')), (2, null, null); update bag set v = 3; delete from bag");
    writer.run("insert into bag values (1, 'good', (2, 'bad')), (1, 'good', (2, 'bad'))");
  }

  // Everything that Penstock does with the tables.
  void go_through_it() {
    write(line_.a(), 100);
    line_.once();
    EXPECT_EQ(line_.run({"backfill", "public.t"}).code, 0);
    EXPECT_EQ(line_.run({"backfill", "public.moods", "--where", "f = 'good'"}).code, 0);
    line_.b().run("delete from moods; update t set v = -1");
    EXPECT_EQ(line_.run({"verify", "--repair"}).code, 0);
  }
  void expect_equal() {
    line_.expect_equal("t", "t", "k");
    line_.expect_equal("moods", "moods", "f");
  }
  static std::vector<Database::Row> pwned(Database database) {
    return database.rows("select distinct who, what from pwned where who <> 'app' order by 1, 2");
  }

  Line line_;
};

TEST_F(Security, NothingPlantedInTheSearchPathIsRun) {
  line_.on_both(kPayload);
  line_.on_both(kPlanted);
  line_.migrate();
  Process replicator = line_.start();
  go_through_it();
  expect_equal();
  EXPECT_EQ(line_.run({"doctor"}).code, 0);
  EXPECT_EQ(line_.run({"dlq", "list"}).code, 0);
  EXPECT_THAT(pwned(line_.a()), IsEmpty());
  EXPECT_THAT(pwned(line_.b()), IsEmpty());
  replicator.send(SIGTERM);
  replicator.wait(10s);
  EXPECT_EQ(line_.run({"migrate", "uninstall"}).code, 0);
  EXPECT_THAT(pwned(line_.a()), IsEmpty());
  EXPECT_THAT(pwned(line_.b()), IsEmpty());
}

TEST_F(Security, WhatTheOwnerOfATypeGivesItLaterIsNotRun) {
  line_.migrate_and_copy();
  Process replicator = line_.start();
  line_.a().run(kPayload);
  line_.a().run(R"(
create cast (feeling as json) with function evil_json(anyelement);
create cast (feeling as text) with function evil_text(anyelement);
create cast (pair as json) with function evil_json(anyelement);
create cast (pair as text) with function evil_text(anyelement);
alter domain small add check (evil_id(value, 'a domain''s check') > 0);
)");
  go_through_it();
  // And where the table comes to such a type, or the type to such an attribute, later.
  line_.on_both("create type late as enum ('x'); create type wide as (v int)");
  line_.a().run(
      "create cast (late as json) with function evil_json(anyelement);"
      "create cast (late as text) with function evil_text(anyelement)");
  line_.on_both("alter table t add column l late default 'x', add column w wide; alter type wide add attribute l late");
  write(line_.a(), 200);
  line_.a().run("update t set w = row(1, 'x'), l = 'x'");
  line_.once();
  EXPECT_THAT(pwned(line_.a()), IsEmpty());
  EXPECT_EQ(line_.run({"verify"}).code, 0);
  EXPECT_THAT(pwned(line_.a()), IsEmpty());
  // The test itself reads the tables as text.
  line_.a().run("drop cast (feeling as text); drop cast (pair as text); drop cast (late as text)");
  expect_equal();
  replicator.send(SIGTERM);
  replicator.wait(10s);
}

// PostgreSQL's planner runs what an index calls, as whoever reads the table.
TEST(SecurityOfIndexes, WhatAnotherOwnerPutsIntoAnIndexIsNotRun) {
  const Role mallory("mallory");
  Line line;
  line.on_both("create table ours (id int primary key, v int); create table theirs (id int primary key, v int)");
  line.admin_a().run("alter table theirs owner to " + mallory.name + "; grant all on schema public to " + mallory.name +
                     "; grant select, trigger on theirs to penstock");
  line.configure("[[table]]\nsource = \"public.ours\"\n[[table]]\nsource = \"public.theirs\"\n");
  line.migrate_and_copy();
  line.a().run("insert into ours values (1, 1)");
  Database attacker = mallory.at(line.admin_dsn_a());
  attacker.run(kPayload);
  attacker.run(
      "insert into theirs values (1, 1), (2, 2); create index on theirs ((v + evil_id(1, 'an index')));"
      "create index on theirs (v) where v > evil_id(1, 'a predicate');"
      "create statistics evil on (v + evil_id(1, 'statistics')), id from theirs");
  line.once();  // changes are copied all the same
  const Finished sick = line.run({"doctor"});
  EXPECT_EQ(sick.code, 1);
  EXPECT_THAT(sick.out, testing::AllOf(HasSubstr("evil_id(integer,text) of " + mallory.name),
                                       HasSubstr("give that function to a superuser")));
  EXPECT_EQ(line.run({"migrate"}).code, 2);
  EXPECT_EQ(line.run({"verify"}).code, 3);
  EXPECT_EQ(line.run({"backfill", "public.theirs", "--where", "v > 1"}).code, 3);
  EXPECT_EQ(line.run({"backfill", "public.theirs"}).code, 3);  // once the request is made
  EXPECT_EQ(line.run({"run", "--once", "--timeout", "2"}).code, 3);
  EXPECT_THAT(line.log(), HasSubstr("theirs is not copied: "));
  EXPECT_EQ(line.admin_a().number("select count(*) from pwned where who <> '" + mallory.name + "'"), 0);
  attacker.run("drop index theirs_expr_idx; drop index theirs_v_idx; drop statistics evil");
  line.once();
  EXPECT_EQ(line.run({"doctor"}).code, 0);
  line.admin_a().run("alter table theirs owner to app; drop owned by " + mallory.name);
  line.expect_all_equal({"ours", "theirs"});
}

// What stands in the schema is for Penstock's role alone.
TEST_F(Security, NobodyElseCallsOrReadsOrWritesWhatIsPenstocks) {
  line_.migrate_and_copy();
  for (const bool on_a : {true, false}) {
    Database admin = on_a ? line_.admin_a() : line_.admin_b();
    EXPECT_THAT(
        admin.rows("select p.oid::regprocedure::text from pg_proc as p where pronamespace = 'penstock'::regnamespace "
                   "and has_function_privilege('app', p.oid, 'execute')"),
        IsEmpty());
    EXPECT_THAT(admin.rows("select oid::regclass::text from pg_class where relnamespace = 'penstock'::regnamespace and "
                           "relkind in ('r', 'v', 'S') and (has_table_privilege('app', oid, 'select') or "
                           "has_table_privilege('app', oid, 'insert'))"),
                IsEmpty());
    EXPECT_THAT(
        admin.rows("select p.oid::regprocedure::text from pg_proc as p where pronamespace = 'penstock'::regnamespace "
                   "and prosecdef and 'search_path=pg_catalog, pg_temp' <> all (coalesce(proconfig, '{}'))"),
        IsEmpty());
  }
  // Not even who may look into the schema.
  line_.admin_a().run("grant usage on schema penstock to app");
  Database writer = line_.a();
  const auto refused = [&](const std::string& sql) {
    try {
      writer.run(sql);
    } catch (const SqlError& error) {
      return error.sqlstate;
    }
    return std::string("done");
  };
  const std::string function = line_.admin_a().value(
      "select oid::regproc::text from pg_proc where proname like 'emp\\_%\\_insert' order by oid limit 1");
  writer.run("create table mine (k int, name text)");
  EXPECT_EQ(refused("create trigger penstock_emp_insert after insert on mine referencing new table as penstock_new "
                    "for each statement execute function " +
                    function + "()"),
            "42501");
  EXPECT_EQ(
      refused("insert into penstock.emp_cdc_0 (relation, action, n, new_rows) values ('public.t', 'insert', 1, '{}')"),
      "42501");
  EXPECT_EQ(refused("select penstock.journal_truncate('emp', 'public.t')"), "42501");
  EXPECT_EQ(refused("select penstock.request_table('emp', 'public.t', null)"), "42501");
  EXPECT_EQ(refused("select * from penstock.emp_changes"), "42501");
  EXPECT_EQ(refused("select nextval('penstock.emp_cdc_ring_seq')"), "42501");
  // Objects of the same names in his own temporary schema are not taken for ours.
  writer.run(
      "create temp table emp_cdc_0 (relation text, action text, n int, old_rows text, new_rows text);"
      "create temp table captured (x int); create temp table pg_class (oid oid)");
  write(line_.a(), 100);
  writer.run("insert into t values (1, 'temp', 1)");
  EXPECT_EQ(writer.number("select count(*) from emp_cdc_0"), 0);
  line_.expect_equal("t", "t", "k");
}

}  // namespace
}  // namespace penstock::test
