// backfill: a table copied again through the stream, while it is written.
#include <csignal>
#include <thread>

#include "integration/ops/ops_test.hpp"
#include "support/writers.hpp"

namespace penstock::test {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

TEST(Backfill, MakesBEqualToAWhileWritersWrite) {
  Line line;
  line.create_employees(true);
  line.a().run(
      "insert into employee_a select g, 'F', 'L', date '2010-01-01', 'C', 20000 from generate_series(5000001, 5020000) "
      "as g");
  line.migrate_and_copy();
  Process replicator = line.start();
  std::thread writers([&] { write_employees(line.dsn_a(), {.connections = 4, .duration = 4s, .bad_share = 0.02}); });
  std::this_thread::sleep_for(300ms);
  line.b().run(
      "update employee_b set city = 'by hand' where emp_id % 5 = 0 and emp_id > 5000000; "
      "delete from employee_b where emp_id % 7 = 0 and emp_id > 5000000; "
      "insert into employee_b select g, 'X' from generate_series(9000001, 9001500) as g");
  const Finished done = line.run({"backfill", "public.employee_a"});
  EXPECT_EQ(done.code, 0) << done.err;
  EXPECT_THAT(done.err, HasSubstr("B has it"));
  writers.join();
  line.expect_equal();
  replicator.send(SIGTERM);
  replicator.wait(10s);
}

TEST(Backfill, CopiesRowsThatAPredicateNamesAndLeavesTheOthers) {
  Line line;
  create_one(line);
  line.a().run("insert into one select g, g from generate_series(1, 3000) as g");
  line.migrate_and_copy();
  line.b().run("update one set v = 0; insert into one values (-1, 1)");
  const Finished asked = line.run({"backfill", "public.one", "--where", "id <= 2000 and v > 0", "--no-wait"});
  EXPECT_EQ(asked.code, 0) << asked.err;
  line.a().run("delete from one where id = 5");  // before anybody took the request up
  line.once();                                   // which waits for what was asked for as well
  EXPECT_EQ(line.b().value("select count(*) || ' ' || sum(v) from one where id between 1 and 2000"), "1999 2000995");
  EXPECT_EQ(line.b().number("select count(*) from one where id > 2000 and v = 0"), 1000);
  line.b().run("delete from one where id = -1");
  line.run({"backfill", "public.one", "--where", "id > 2000", "--no-wait"});
  line.expect_equal("one", "one", "id");
}

TEST(Backfill, KilledInTheMiddleOfARequestedSliceItGoesOnWithTheSameRows) {
  Line line;
  create_one(line);
  line.a().run("insert into one select g, g from generate_series(1, 20000) as g");
  line.migrate_and_copy();
  line.b().run("update one set v = 0; insert into one select g, g from generate_series(-3000, -1) as g");
  EXPECT_EQ(line.run({"backfill", "public.one", "--no-wait"}).code, 0);
  // Among the deletes that were asked for by key, and among the images.
  for (const char* pass : {"2", "20"}) {
    Process killed =
        line.start("all", {{"PENSTOCK_FAIL_POINT", std::string("capture.in_the_middle_of_a_slice:") + pass}});
    EXPECT_TRUE(killed.wait(20s).has_value());
    line.a().run("update one set v = v + 1 where id % 100 = 0; delete from one where id % 100 = 1");
  }
  line.expect_equal("one", "one", "id");
}

TEST(Backfill, KnowsKeysOfAnyTypeAndNamesThatNeedQuotes) {
  Line line;
  // Keys that the two databases may sort differently, and one whose text is not its value.
  const std::string schema = R"(create schema "Odd Name" authorization app)";
  line.admin_a().run(schema);
  line.admin_b().run(schema);
  line.on_both(
      R"(create table "Odd Name"."K e y" ("select" text, "b""c" numeric, d timestamptz,
      city text, primary key ("select", "b""c", d)))");
  line.configure("[[table]]\nsource = '\"Odd Name\".\"K e y\"'\n");
  line.a().run(R"(insert into "Odd Name"."K e y" select chr(60 + g % 60) || 'ä"' || g, g / 10.0, timestamptz
      '2020-01-01' + g * interval '1 hour', 'C' from generate_series(1, 5000) as g)");
  line.migrate_and_copy();
  line.b().run(R"(update "Odd Name"."K e y" set city = 'by hand' where "b""c" % 1 = 0;
      delete from "Odd Name"."K e y" where "b""c" % 1 = 0.5; update "Odd Name"."K e y" set "select" = "select" || 'x'
      where "b""c" % 1 = 0.7)");
  const Finished asked = line.run({"backfill", R"("Odd Name"."K e y")", "--no-wait"});
  EXPECT_EQ(asked.code, 0) << asked.err;
  EXPECT_THAT(asked.err, HasSubstr("500 keys are on B alone"));
  line.expect_equal(R"("Odd Name"."K e y")", R"("Odd Name"."K e y")", R"("select" || "b""c" || d)");
}

TEST(Backfill, RefusesWhatItCannotDoAndSaysSo) {
  Line line;
  create_one(line);
  line.migrate();
  const Finished unknown = line.run({"backfill", "public.onee"});
  EXPECT_EQ(unknown.code, 2);
  EXPECT_THAT(unknown.err, HasSubstr("did you mean public.one?"));
  for (const char* where : {"nonesuch > 1", "id = ", "v / 0 > 1", "true) as k; drop table one; --"}) {
    line.a().run("insert into one values (1, 1) on conflict do nothing");
    const Finished refused = line.run({"backfill", "public.one", "--where", where});
    EXPECT_EQ(refused.code, 2) << where;
    EXPECT_THAT(refused.err, HasSubstr("--where is no predicate on public.one"));
  }
  EXPECT_EQ(line.admin_a().number("select count(*) from penstock.request"), 0);
}

}  // namespace
}  // namespace penstock::test
