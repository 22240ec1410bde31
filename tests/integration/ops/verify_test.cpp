// verify: what it proves, what it finds, and what it will not claim.
#include "integration/ops/ops_test.hpp"
#include "support/writers.hpp"

#include <csignal>
#include <thread>

namespace penstock::test {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::Not;

TEST(Verify, NamesExactlyTheKeysThatDifferOnEitherSide) {
  Line line;
  create_one(line);
  line.a().run("insert into one select g, g from generate_series(1, 20000) as g");
  line.migrate_and_copy();
  EXPECT_EQ(line.run({"verify"}).code, 0);
  line.b().run("update one set v = 0 where id = 7; delete from one where id = 8; insert into one values (-9, 9)");
  const Finished found = line.run({"verify", "--json"});
  EXPECT_EQ(found.code, 1);
  EXPECT_THAT(found.out, HasSubstr(R"("equal":false)"));
  EXPECT_THAT(found.out, HasSubstr(R"("rows":20000,"differing":3,"explained_by_rejects":0)"));
  for (const char* key : {R"({"id":7})", R"({"id":8})", R"({"id":-9})"}) EXPECT_THAT(found.out, HasSubstr(key));
  const Finished text = line.run({"verify", "--table", "public.one"});
  EXPECT_THAT(text.out, HasSubstr("differs: {\"id\":8}"));
}

TEST(Verify, AnOpenRejectExplainsADifference) {
  Line line;
  line.create_employees();
  line.migrate_and_copy();
  line.a().run(
      "insert into employee_a values (1, 'F', 'L', date '2010-01-01', 'C', 5), (2, 'F', 'L', date '2010-01-01', 'C', "
      "20000)");
  line.once();
  const Finished found = line.run({"verify", "--json"});
  EXPECT_EQ(found.code, 0) << found.out;
  EXPECT_THAT(found.out, HasSubstr(R"("equal":true)"));
  EXPECT_THAT(found.out, HasSubstr(R"("differing":1,"explained_by_rejects":1)"));
}

TEST(Verify, HoldsWhileBothSidesAreBeingWrittenAndRejectsComeAndGo) {
  Line line;
  line.create_employees(true);
  line.migrate_and_copy();
  Process replicator = line.start();
  std::thread writers([&] { write_employees(line.dsn_a(), {.connections = 4, .duration = 6s, .bad_share = 0.05}); });
  for (int i = 0; i < 5; ++i) {
    std::this_thread::sleep_for(1s);
    const Finished under_load = line.run({"verify", "--json"});
    EXPECT_EQ(under_load.code, 0) << under_load.out << under_load.err;
  }
  writers.join();
}

TEST(Verify, DoesNotTakeWhatIsUnderWayForADifferenceNorForEqual) {
  Line line;
  create_one(line);
  line.migrate_and_copy();
  line.a().run("insert into one values (1, 1)");
  const Finished found = line.run({"verify", "--json"});  // no replicator is running
  EXPECT_EQ(found.code, 1);
  EXPECT_THAT(found.out, HasSubstr(R"("differing":0)"));
  EXPECT_THAT(found.out, HasSubstr(R"("unsettled":1)"));
  EXPECT_THAT(found.err, HasSubstr("B does not get everything"));
  line.once();
  EXPECT_EQ(line.run({"verify"}).code, 0);
}

TEST(Verify, SettlesARowThatNeverRests) {
  Line line;
  create_one(line);
  line.a().run("insert into one values (1, 1)");
  line.migrate_and_copy();
  Process replicator = line.start();
  const std::jthread writer([&line](const std::stop_token& verified) {
    Database a = line.a();
    while (!verified.stop_requested()) {
      a.run("update one set v = v + 1");
      std::this_thread::sleep_for(1ms);
    }
  });
  for (int i = 0; i < 5; ++i) {
    const Finished found = line.run({"verify", "--json"});
    EXPECT_EQ(found.code, 0) << found.out << found.err;
  }
}

TEST(Verify, ComparesValuesWhereTheTypesOfTheTwoSidesDiffer) {
  Line line;
  line.on_both("create domain needed as int check (value is not null)");
  line.a().run("create table one (id int primary key, n int, c char(5), d date, x varchar(10), must needed)");
  line.b().run(
      "create table one (id numeric(10,2) primary key, n numeric(12,3), c text, d timestamp, x text, must needed)");
  line.configure(kOneTable);
  line.a().run(
      "insert into one select g, g * 10, 'ab', date '2020-01-01' + g, 'x' || g, g from generate_series(1, 50) as g");
  line.migrate_and_copy();
  EXPECT_EQ(line.b().number("select count(*) from one"), 50);
  const Finished equal = line.run({"verify", "--json"});
  EXPECT_EQ(equal.code, 0) << equal.out << equal.err;
  EXPECT_THAT(equal.out, HasSubstr(R"("differing":0)"));
  line.b().run("update one set n = n + 0.001 where id = 3");
  const Finished differs = line.run({"verify", "--json"});
  EXPECT_EQ(differs.code, 1);
  EXPECT_THAT(differs.out, HasSubstr(R"("keys":[{"id":3}])"));
}

TEST(Verify, StopsListingAtABoundAndSaysThatThereIsMore) {
  Line line;
  create_one(line);
  line.a().run("insert into one select g, g from generate_series(1, 5000) as g");
  line.migrate_and_copy();
  line.b().run("truncate one");
  const Finished found = line.run({"verify", "--json"});
  EXPECT_EQ(found.code, 1);
  EXPECT_THAT(found.out, HasSubstr(R"("more":true)"));
}

TEST(Verify, RepairsThroughTheStreamWhileWritersWriteAndLeavesRejectsAlone) {
  Line line;
  line.create_employees(true);
  line.a().run(
      "insert into employee_a select g, 'F', 'L', date '2010-01-01', 'C', 20000 from generate_series(5000001, 5001000) "
      "as g");
  line.migrate_and_copy();
  Process replicator = line.start();
  std::thread writers([&] { write_employees(line.dsn_a(), {.connections = 4, .duration = 3s, .bad_share = 0.02}); });
  std::thread mover([&] {
    // The very rows that are repaired change meanwhile.
    Database a = line.a();
    for (int i = 0; i < 300; ++i) {
      a.run("update employee_a set salary = salary + 1 where emp_id in (5000003, 5000004)");
      std::this_thread::sleep_for(10ms);
    }
  });
  line.b().run(
      "update employee_b set city = 'c' where emp_id between 5000001 and 5000020; delete from employee_b where emp_id "
      "between 5000021 and 5000030; insert into employee_b select g, 'X' from generate_series(9000001, 9000005) as g");
  const Finished repaired = line.run({"verify", "--repair", "--json"});
  EXPECT_EQ(repaired.code, 0) << repaired.out << repaired.err;
  EXPECT_THAT(repaired.out, HasSubstr(R"("repaired":3)"));
  writers.join();
  mover.join();
  line.expect_equal();
  // More than it lists: the whole table comes again.
  line.b().run("truncate employee_b; insert into employee_b select g, 'X' from generate_series(9000001, 9000005) as g");
  EXPECT_EQ(line.run({"verify", "--repair"}).code, 0);
  line.expect_equal();
  replicator.send(SIGTERM);
  replicator.wait(10s);
}

TEST(Verify, FindsOneByteAMissingAndAnExtraRowAmongManyOfOddKeys) {
  Line line;
  // B holds a column more; the key is of two columns, one of them text that may be sorted differently.
  line.a().run(R"(create table one ("Id" int, "gr""p" text, b bytea, primary key ("gr""p", "Id")))");
  line.b().run(
      R"(create table one ("Id" int, "gr""p" text, b bytea, more int default 7, primary key ("Id", "gr""p")))");
  line.configure(kOneTable);
  line.a().run(
      "insert into one select g, 'grp ' || g % 100, decode(md5(g::text), 'hex') from generate_series(1, 300000) as g");
  line.migrate_and_copy();
  EXPECT_EQ(line.run({"verify"}).code, 0);
  line.b().run(
      R"(update one set b = set_byte(b, 7, get_byte(b, 7) # 1) where "Id" = 299999; delete from one where "Id" = 5;
      insert into one values (5, 'grp 6', null))");
  const Finished found = line.run({"verify", "--json"});
  EXPECT_EQ(found.code, 1);
  EXPECT_THAT(found.out, HasSubstr(R"("rows":300000,"differing":3)"));
  for (const char* key :
       {R"({"gr\"p":"grp 99","Id":299999})", R"({"gr\"p":"grp 5","Id":5})", R"({"gr\"p":"grp 6","Id":5})"}) {
    EXPECT_THAT(found.out, HasSubstr(key));
  }
}

TEST(Verify, ATableThatIsNotThePipelinesIsAUsageError) {
  Line line;
  create_one(line);
  line.migrate();
  const Finished unknown = line.run({"verify", "--table", "public.onee"});
  EXPECT_EQ(unknown.code, 2);
  EXPECT_THAT(unknown.err, HasSubstr("did you mean public.one?"));
}

}  // namespace
}  // namespace penstock::test
