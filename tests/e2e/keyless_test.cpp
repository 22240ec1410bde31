// Tables without any key, from A to B: multisets of rows.
#include <csignal>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/line.hpp"

namespace penstock::test {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

class Keyless : public testing::Test {
 protected:
  void create(const std::string& definition, const std::string& more = "") {
    line_.on_both("create table bag " + definition);
    line_.configure("[[table]]\nsource = \"public.bag\"\n" + more);
  }
  // Every row with its count; nothing of the program takes part.
  static std::vector<Database::Row> rows_of(Database database) {
    return database.rows("select t::text, count(*) from bag as t group by 1 order by 1");
  }
  // PostgreSQL refuses to lock a row that another session has just moved to another partition (40001).
  static void run_unless_moved(Database& database, const std::string& sql) {
    try {
      database.run(sql);
    } catch (const SqlError& error) {
      EXPECT_EQ(error.sqlstate, "40001") << error.what();
    }
  }
  void expect_equal() {
    line_.once();
    EXPECT_EQ(rows_of(line_.a()), rows_of(line_.b()));
    const Finished verified = line_.run({"verify", "--json"});
    EXPECT_EQ(verified.code, 0) << verified.out << verified.err;
    EXPECT_THAT(verified.out, HasSubstr(R"("differing":0)"));
    expect_books();
  }
  void expect_books() {
    EXPECT_EQ(line_.book("captured", "public.bag"),
              line_.book("applied", "public.bag") + line_.book("rejected", "public.bag"));
    EXPECT_EQ(line_.book("unaccounted", "public.bag"), 0);
  }
  Line line_;
};

TEST_F(Keyless, EveryStatementOnRowsThatMayBeEqual) {
  create(R"((a int, "V v" text, n numeric, j json, c char(4), f float8, u int unique deferrable, k int unique))");
  const std::string three = R"(insert into bag values (1, 'it''s "so"', 1.0, '{"a":  null}', 'x', 0),
    (1, 'it''s "so"', 1.0, '{"a":  null}', 'x', 0), (1, 'it''s "so"', 1.00, '{"a":  null}', 'x', '-0'))";
  line_.a().run(three);
  line_.migrate_and_copy();
  Database a = line_.a();
  a.run(three);
  a.run("delete from bag where ctid in (select ctid from bag where n::text = '1.0' limit 3)");
  a.run("insert into bag select g % 3, 'v', null, null, null, null from generate_series(1, 300) as g");
  a.run("update bag set \"V v\" = 'w' where ctid in (select ctid from bag where a = 2 limit 40)");
  a.run("insert into bag (a, u) values (1, 1), (2, 2); update bag set u = 3 - u where u is not null");
  a.run(
      "begin; insert into bag (a) values (77); savepoint s; delete from bag; rollback to s; update bag set f = 1 where "
      "a = 77;"
      "delete from bag where a = 77; commit");
  a.run(
      "insert into bag (a, k) values (8, 1); insert into bag (a, k) values (9, 1) on conflict (k) do update set a = "
      "bag.a + 1");
  a.copy_in("copy bag (a, \"V v\") from stdin", "5\tcopied\n5\tcopied\n");
  expect_equal();
  a.run("truncate bag; insert into bag (a) values (1), (1)");
  expect_equal();
}

TEST_F(Keyless, StaysEqualWhileManyWriteTheSameRows) {
  create("(a int, v text) partition by hash (a)");
  line_.on_both(
      "create table bag_0 partition of bag for values with (modulus 2, remainder 0);"
      "create table bag_1 partition of bag for values with (modulus 2, remainder 1)");
  line_.a().run("insert into bag select g % 50, 'old' from generate_series(1, 1000) as g");
  line_.migrate();
  Process replicator = line_.start();
  std::vector<std::thread> writers;
  for (int w = 0; w < 3; ++w) {
    writers.emplace_back([this, w] {
      Database a = line_.a();
      for (int i = 0; i < 120; ++i) {
        const std::string n = std::to_string((i * 7 + w) % 50), m = std::to_string((i * 3 + w) % 50);
        a.run("insert into bag select " + n + ", 'v' from generate_series(1, 3)");
        // A ctid alone names a row of each partition: writers would wait for rows that they did not lock, in a ring.
        const auto two_of = [](const std::string& value) {
          return " where (tableoid, ctid) in (select tableoid, ctid from bag where a = " + value +
                 " limit 2 for update skip locked)";
        };
        run_unless_moved(a, "update bag set a = " + m + two_of(n));
        run_unless_moved(a, "delete from bag" + two_of(m));
        if (i == 60 && w == 0) a.run("truncate bag_1; insert into bag values (1, 'after'), (1, 'after')");
      }
    });
  }
  const Finished under_load = line_.run({"verify", "--json"});
  EXPECT_EQ(under_load.code, 0) << under_load.out << under_load.err;
  for (auto& writer : writers) writer.join();
  replicator.send(SIGTERM);
  replicator.wait(10s);
  expect_equal();
}

TEST_F(Keyless, RejectsExplainAsManyMissingRowsAndAreTakenBackOneByOne) {
  create("(a int, v text, extra int)", "[[rule]]\ntable = \"public.bag\"\nname = \"positive\"\ncheck = \"a > 0\"\n");
  line_.b().run("alter table bag drop extra, add b_only text default 'B'");
  line_.configure(
      "[[table]]\nsource = \"public.bag\"\non_drift = \"ignore\"\n[[rule]]\ntable = \"public.bag\"\nname = "
      "\"positive\"\n"
      "check = \"a > 0\"\n");
  line_.migrate_and_copy();
  line_.a().run("insert into bag values (1, 'x', 1), (1, 'x', 2), (-1, 'x', 1), (-1, 'x', 2), (-1, 'x', 2)");
  line_.once();
  const Finished explained = line_.run({"verify", "--json"});
  EXPECT_EQ(explained.code, 0) << explained.out << explained.err;
  EXPECT_THAT(explained.out, HasSubstr(R"("rows":5,"differing":1,"explained_by_rejects":1)"));
  const Finished listed = line_.run({"dlq", "list", "--json"});
  EXPECT_EQ(listed.code, 0) << listed.err;
  EXPECT_THAT(listed.out, HasSubstr("positive"));
  EXPECT_EQ(line_.run({"dlq", "list", "--key", "7"}).code, 0);
  const std::string one_open =
      "update bag set a = 2 where ctid = (select max(ctid) from bag where a < 0);"
      "delete from bag where ctid = (select max(ctid) from bag where a < 0)";
  line_.a().run(one_open);
  line_.once();
  EXPECT_EQ(line_.admin_b().number("select count(*) from penstock.dead_letter where state = 'open'"), 1);
  EXPECT_EQ(line_.b().number("select count(*) from bag where a = 2 and b_only = 'B'"), 1);
  EXPECT_EQ(line_.run({"verify"}).code, 0);
  // One more is missing than rejects say.
  line_.b().run("delete from bag where a = 2");
  const Finished missing = line_.run({"verify", "--json"});
  EXPECT_EQ(missing.code, 1);
  EXPECT_THAT(missing.out, HasSubstr(R"("differing":2,"explained_by_rejects":1)"));
  expect_books();
}

TEST_F(Keyless, ReferencesThatItCannotBearAreRefused) {
  line_.on_both("create table parent (id int primary key)");
  create("(a int, parent int references parent on delete set null)");
  const Finished refused = line_.run({"migrate"});
  EXPECT_EQ(refused.code, 2);
  EXPECT_THAT(refused.err, HasSubstr("foreign key bag_parent_fkey would change rows"));
  line_.on_both("drop table bag");
  create("(a int unique, up int references bag (a) on delete cascade)");
  const Finished self = line_.run({"migrate"});
  EXPECT_EQ(self.code, 2);
  EXPECT_THAT(self.err, HasSubstr("bag_up_fkey refers to it"));
}

TEST_F(Keyless, VerifyNamesTheRowsThatDifferAndBackfillMendsThem) {
  create("(a int, v text)");
  line_.a().run("insert into bag select g % 1000, 'v ' || g % 1000 from generate_series(1, 20000) as g");
  line_.migrate_and_copy();
  Process replicator = line_.start();
  line_.b().run(
      "delete from bag where ctid = (select min(ctid) from bag where a = 7); insert into bag values (8, 'v 8'), (-1, "
      "'extra');"
      "update bag set v = 'V 9' where ctid = (select min(ctid) from bag where a = 9)");
  const Finished found = line_.run({"verify", "--repair", "--json"});
  EXPECT_EQ(found.code, 1);
  EXPECT_THAT(found.out, HasSubstr(R"("rows":20000,"differing":5,"explained_by_rejects":0)"));
  for (const char* row : {R"({"a":7,"v":"v 7"})", R"({"a":8,"v":"v 8"})", R"({"a":-1,"v":"extra"})",
                          R"({"a":9,"v":"v 9"})", R"({"a":9,"v":"V 9"})"}) {
    EXPECT_THAT(found.out, HasSubstr(row));
  }
  EXPECT_THAT(found.err, HasSubstr("run `penstock backfill public.bag`"));
  EXPECT_EQ(line_.run({"doctor"}).code, 0);
  EXPECT_EQ(line_.run({"backfill", "public.bag"}).code, 0);
  line_.a().run("update bag set v = 'new' where a = 7");
  replicator.send(SIGTERM);
  replicator.wait(10s);
  expect_equal();
}

}  // namespace
}  // namespace penstock::test
