// consistency = "key" from outside: what migrate refuses, and tables that one partition must hold.
#include <csignal>

#include "integration/ops/ops_test.hpp"
#include "support/by_key.hpp"

namespace penstock::test {
namespace {

using testing::HasSubstr;

constexpr const char* kInPartitions = "partitions = 4\n";

TEST(Consistency, IsChosenOnce) {
  Line line;
  create_one(line);
  line.migrate_and_copy();
  line.configure(kOneTable, kByKey);
  EXPECT_THAT(line.run({"run", "--once"}).err, HasSubstr("run `penstock migrate`"));
  const Finished refused = line.run({"migrate"});
  EXPECT_EQ(refused.code, 2);
  EXPECT_THAT(refused.err, HasSubstr("the pipeline was installed with consistency = \"batch\""));
  line.configure(kOneTable);
  EXPECT_EQ(line.run({"migrate", "uninstall"}).code, 0);
  line.configure(kOneTable, kByKey);
  line.a().run("insert into one values (4711, 1)");
  line.migrate_and_copy();
  line.expect_all_equal({"one"});
}

TEST(Consistency, ForeignKeysThatActBetweenCapturedTablesNeedWholeBatches) {
  Line line;
  line.on_both("create table parent (id int primary key)");
  line.on_both("create table child (id int primary key, parent int references parent on delete cascade)");
  const std::string tables = "[[table]]\nsource = \"public.parent\"\n[[table]]\nsource = \"public.child\"\n";
  line.configure(kInPartitions + tables, kByKey);
  const Finished refused = line.run({"migrate"});
  EXPECT_EQ(refused.code, 2);
  EXPECT_THAT(refused.err, HasSubstr("child_parent_fkey"));
  line.b().run(
      "alter table child drop constraint child_parent_fkey; alter table child add foreign key (parent) references "
      "parent");
  line.migrate_and_copy();
  const Process run = line.start();
  for (int i = 0; i < 20; ++i) {
    const std::string id = std::to_string(i);
    line.a().run("insert into parent values (" + id + "); insert into child values (" + id + ", " + id + ")");
    if (i % 3 == 0) line.a().run("delete from parent where id = " + id);
  }
  line.a().run("truncate parent, child; insert into parent values (1), (2); insert into child values (1, 2), (2, 1)");
  line.expect_all_equal({"parent", "child"});
  EXPECT_EQ(line.admin_b().number("select count(*) from penstock.dead_letter"), 0);
}

TEST(Consistency, ATableWithoutAKeyNeedsWholeBatches) {
  Line line;
  line.on_both("create table heap (id int, v int)");
  line.configure("[[table]]\nsource = \"public.heap\"\n", kByKey);
  const Finished refused = line.run({"migrate"});
  EXPECT_EQ(refused.code, 2);
  EXPECT_THAT(refused.err, HasSubstr("public.heap has no key"));
}

TEST(Consistency, KeysThatAreWrittenDifferentlyKeepToOnePartition) {
  Line line;
  line.on_both("create table t (id numeric primary key, v int)");
  line.configure(std::string(kInPartitions) + "[[table]]\nsource = \"public.t\"\n", kByKey);
  line.migrate_and_copy();
  const Process run = line.start();
  for (int i = 0; i < 30; ++i) {
    const std::string id = std::to_string(i);
    line.a().run("insert into t values (" + id + ".0, 1)");
    line.a().run("update t set id = " + id + ".00 where id = " + id);
    if (i % 2 == 0) line.a().run("delete from t where id = " + id + ".000");
  }
  line.expect_all_equal({"t"});
}

TEST(Consistency, ATableIsTakenOutOnceItsPartitionsAreApplied) {
  Line line;
  line.on_both("create table one (id int primary key, v int); create table two (id int primary key, v int)");
  const std::string one = std::string(kInPartitions) + kOneTable;
  line.configure(one + "[[table]]\nsource = \"public.two\"\n", kByKey);
  line.migrate_and_copy();
  {
    Process capture = line.start("capture");
    const long long batch = line.admin_a().number("select max(batch) from penstock.slot");
    line.a().run("insert into two select g, g from generate_series(1, 20) as g");
    EXPECT_TRUE(
        line.admin_a().becomes("select max(batch) > " + std::to_string(batch) + " from penstock.slot", "t", 10));
    capture.send(SIGTERM);
    EXPECT_EQ(capture.wait(std::chrono::seconds(15)), 0);
  }
  line.once();
  line.expect_all_equal({"one", "two"});
  line.configure(one, kByKey);
  line.migrate();
  line.a().run("insert into one values (1, 1)");
  line.expect_all_equal({"one"});
}

}  // namespace
}  // namespace penstock::test
